//! Which trust domain a principal's name is of.

use schemas::text::PrincipalId;

/// Parts of an ARN before its resource (AWS: `arn:partition:service:region:account:resource`).
const ARN_PARTS: usize = 6;

/// The authority of a URI (`spiffe://corp/a`: SPIFFE ID §2.1 calls it the trust domain), the account of an ARN, or what follows the
/// `@` of a user; nothing where the name says none.
pub(super) fn domain(principal: &PrincipalId) -> Option<&str> {
    let name = principal.as_str();
    let (scheme, rest) = name.split_once(':')?;
    let found = if let Some(authority) = rest.strip_prefix("//") {
        authority.split(['/', '?', '#']).next()
    } else if scheme == "arn" {
        let mut parts = name.splitn(ARN_PARTS, ':');
        parts.nth(ARN_PARTS.saturating_sub(2))
    } else {
        rest.rsplit_once('@').map(|(_, domain)| domain)
    };
    found.filter(|domain| !domain.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_of_the_domain_that_it_names() {
        for (name, expected) in [
            ("spiffe://corp/agents/a", Some("corp")),
            ("https://issuer.example/x?y", Some("issuer.example")),
            ("arn:aws:iam::218007301253:user/bert-jan", Some("218007301253")),
            ("arn:aws:s3:::bucket", None),
            ("user:alice@corp", Some("corp")),
            ("agent:planner/7", None),
            ("service:ec2.amazonaws.com", None),
        ] {
            assert_eq!(domain(&PrincipalId::new(name).unwrap()), expected, "{name}");
        }
    }
}
