//! Keys in files: PKCS#8 PEM for the secret half, under a passphrase if wanted, SPKI PEM for the public one (RFC 8410).
//!
//! Every private key that writ's programs use is read and written here, so that one rule holds for all of them: a secret file
//! belongs to whoever reads it, nobody else can read it or put another in its place, and no link leads to it. What is read is
//! wiped from memory when dropped, and no error or debug output carries it. [`keep_to_process`] closes the way through core
//! dumps.

mod error;
mod file;
mod passphrase;
mod process;
mod secret;

pub use error::KeyFileError;
pub use file::{KEY_FILE_BYTES_MAX, write_new};
pub use passphrase::{PASSPHRASE_BYTES_MAX, Passphrase, Passphrases};
pub use process::keep_to_process;
pub use secret::{SecretKey, public_path, read_public, secret_path};
