//! Writes canonical CBOR item by item, for the few structures whose bytes are fixed by hand.

use alloc::vec::Vec;

/// Appends data items to a buffer. The caller gives arrays and maps their items, maps in key order.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// A writer with room for `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Vec::with_capacity(capacity) }
    }

    /// An unsigned integer.
    pub fn uint(&mut self, value: u64) -> &mut Self {
        self.head(0x00, value)
    }

    /// The negative integer −1 − `argument`.
    pub fn nint(&mut self, argument: u64) -> &mut Self {
        self.head(0x20, argument)
    }

    /// A byte string.
    pub fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.head(0x40, value.len() as u64);
        self.bytes.extend_from_slice(value);
        self
    }

    /// A text string.
    pub fn text(&mut self, value: &str) -> &mut Self {
        self.head(0x60, value.len() as u64);
        self.bytes.extend_from_slice(value.as_bytes());
        self
    }

    /// The head of an array of `len` items.
    pub fn array(&mut self, len: u64) -> &mut Self {
        self.head(0x80, len)
    }

    /// The head of a map of `len` pairs.
    pub fn map(&mut self, len: u64) -> &mut Self {
        self.head(0xa0, len)
    }

    /// Bytes that are already one canonical item.
    pub fn raw(&mut self, item: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(item);
        self
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn head(&mut self, major: u8, argument: u64) -> &mut Self {
        let [.., b3, b2, b1, b0] = argument.to_be_bytes();
        match argument {
            0..=23 => self.bytes.push(major | b0),
            24..=0xff => self.bytes.extend_from_slice(&[major | 24, b0]),
            0x100..=0xffff => self.bytes.extend_from_slice(&[major | 25, b1, b0]),
            0x1_0000..=0xffff_ffff => self.bytes.extend_from_slice(&[major | 26, b3, b2, b1, b0]),
            _ => {
                self.bytes.push(major | 27);
                self.bytes.extend_from_slice(&argument.to_be_bytes());
            }
        }
        self
    }
}
