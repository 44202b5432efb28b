//! The address to listen on, told from one that others can reach.

use std::net::{SocketAddr, ToSocketAddrs};

use thiserror::Error;

/// The addresses that `listen` means, IPv4 first; unless `open`, all of them such that only this machine reaches them.
///
/// `listen` is an address or a host name with a port; port 0 takes a free one.
pub fn addresses(listen: &str, open: bool) -> Result<Vec<SocketAddr>, AddressError> {
    let resolved = listen.to_socket_addrs().map(Iterator::collect::<Vec<_>>);
    let mut addresses = resolved
        .map_err(|error| AddressError::Unreadable { text: listen.to_owned(), detail: error.to_string() })?;
    if let Some(address) = addresses.iter().find(|address| !address.ip().is_loopback())
        && !open
    {
        return Err(AddressError::Reachable { address: *address });
    }
    // Clients try 127.0.0.1 where nothing else is said.
    addresses.sort_by_key(SocketAddr::is_ipv6);
    Ok(addresses)
}

/// Why an address is not listened on.
#[derive(Debug, Error)]
pub enum AddressError {
    /// Neither an address nor a host name with a port.
    #[error("--listen {text} is no address: {detail}")]
    Unreadable {
        /// What was given.
        text: String,
        /// What the system said.
        detail: String,
    },
    /// Others can reach it, and nobody asked for that.
    #[error("{address} can be reached by others")]
    Reachable {
        /// The first such address.
        address: SocketAddr,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_reaches_it_unless_asked_for() {
        assert_eq!(addresses("127.0.0.1:0", false).unwrap(), ["127.0.0.1:0".parse().unwrap()]);
        let refused = addresses("0.0.0.0:0", false).unwrap_err();
        assert!(matches!(refused, AddressError::Reachable { .. }), "{refused}");
        assert!(addresses("0.0.0.0:0", true).is_ok());
        assert!(matches!(addresses("nowhere", false), Err(AddressError::Unreadable { .. })));
    }
}
