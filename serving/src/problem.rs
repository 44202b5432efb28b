//! Errors as RFC 9457 problem details, each with a stable code and a hint what to do next.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// An error as it is sent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// `urn:writ:error:` and the code.
    #[serde(rename = "type")]
    kind: Box<str>,
    /// The status in words.
    title: Box<str>,
    /// The status.
    status: u16,
    /// Stable name of this error.
    code: &'static str,
    /// What was expected and what was met.
    detail: String,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'static str>,
    /// Of a query: the byte at which it goes wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u16>,
    #[serde(flatten)]
    instead: Box<Instead>,
    #[serde(skip)]
    retry_after: Option<u32>,
}

/// What is named where nothing, or several things, are called as was asked.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Instead {
    /// Where nothing is called so: what is called nearly so, nearest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    near: Vec<NearName>,
    /// Where several statements are called so: these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    candidates: Vec<Meant>,
}

/// A name that looks like the one that was asked for.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NearName {
    /// The name, as it would be asked for.
    pub name: String,
    /// What it is of: `statement`, `foreign`, `task`, `trace`, `principal`, `key` or `policy-revision`.
    pub sort: &'static str,
    /// A statement that it stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
}

/// A statement that a name can mean.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Meant {
    /// Its id in hex.
    pub id: String,
    /// Its kind.
    pub kind: &'static str,
    /// Its place.
    pub index: u64,
    /// When, as its signer says, in ms since the epoch.
    pub at: u64,
    /// Its tenant.
    pub tenant: String,
    /// What it says, in a line.
    pub summary: String,
}

impl Problem {
    /// An error of this status and code. What to do next is added on its way out, see [`crate::around`].
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:writ:error:{code}").into(),
            title: status.canonical_reason().unwrap_or("Error").into(),
            status: status.as_u16(),
            code,
            detail: detail.into(),
            next: None,
            position: None,
            instead: Box::default(),
            retry_after: None,
        }
    }

    /// 400: the query is not one that the route knows.
    pub fn bad_query(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-query", detail)
    }

    /// 404: what was asked for is not there.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", detail)
    }

    /// 500: a fault of the program.
    pub fn internal(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }

    /// 503: not now; perhaps after so many seconds.
    pub fn unavailable(code: &'static str, detail: impl Into<String>, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail) }
    }

    /// Stable name of this error.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The status in words, or whatever was put in their place.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Detail and next step in one text.
    pub fn explanation(&self) -> String {
        match self.next {
            Some(next) => format!("{}; next: {next}", self.detail),
            None => self.detail.clone(),
        }
    }

    /// The same with the byte of the query at which it goes wrong.
    #[must_use]
    pub fn with_position(self, position: usize) -> Self {
        Self { position: u16::try_from(position).ok(), ..self }
    }

    /// The same with what is called nearly so.
    #[must_use]
    pub fn with_near(self, near: Vec<NearName>) -> Self {
        Self { instead: Box::new(Instead { near, ..*self.instead }), ..self }
    }

    /// The same with the statements that are called so.
    #[must_use]
    pub fn with_candidates(self, candidates: Vec<Meant>) -> Self {
        Self { instead: Box::new(Instead { candidates, ..*self.instead }), ..self }
    }

    /// The same under another title, for interfaces that fix the words.
    #[must_use]
    pub fn with_title(self, title: &str) -> Self {
        Self { title: title.into(), ..self }
    }

    /// The same under another status, whose words become the title.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        let title = status.canonical_reason().unwrap_or("Error").into();
        Self { status: status.as_u16(), title, ..self }
    }

    /// The same with what to do next.
    #[must_use]
    pub(crate) fn with_next(self, next: &'static str) -> Self {
        Self { next: Some(next), ..self }
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status(), self.to_bytes()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        // For the layers around: which problem was it?
        response.extensions_mut().insert(self);
        response
    }
}
