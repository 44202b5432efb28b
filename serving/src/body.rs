//! Request bodies: bounded in size and time, of an expected type.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, StatusCode, header};
use tokio::time::timeout;

use crate::problem::Problem;

/// The media type of a request, without parameters.
pub fn media_type(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    Some(value.split(';').next().unwrap_or(value).trim())
}

/// Reads a body of at most `most` bytes; a longer one is refused under `code`. What the head announces as longer is refused before any of it is read.
pub async fn read(
    headers: &HeaderMap,
    body: Body,
    most: usize,
    code: &'static str,
    limit: Duration,
) -> Result<Vec<u8>, Problem> {
    let too_large = |got: String| {
        let detail = format!("the body has {got} bytes; at most {most} are accepted here");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, code, detail)
    };
    if headers.contains_key(header::CONTENT_ENCODING) {
        let detail = "compressed bodies are not accepted";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-encoding", detail));
    }
    let announced =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if let Some(announced) = announced.filter(|announced| *announced > most) {
        return Err(too_large(announced.to_string()));
    }
    let mut bytes = Vec::with_capacity(announced.unwrap_or_default());
    let whole = timeout(limit, collect(body, most, &mut bytes)).await.map_err(|_| {
        let detail = format!("the body did not arrive within {} s", limit.as_secs_f64());
        Problem::new(StatusCode::REQUEST_TIMEOUT, "timeout", detail)
    })?;
    match whole {
        Ok(true) => Ok(bytes),
        Ok(false) => Err(too_large(format!("more than {most}"))),
        Err(error) => Err(Problem::new(StatusCode::BAD_REQUEST, "body-broken", error.to_string())),
    }
}

/// Appends the body's bytes; whether they fit.
async fn collect(mut body: Body, most: usize, bytes: &mut Vec<u8>) -> Result<bool, axum::Error> {
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        if let Ok(data) = frame?.into_data() {
            if bytes.len() + data.len() > most {
                return Ok(false);
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(true)
}
