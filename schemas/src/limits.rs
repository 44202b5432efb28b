//! Every bound of the formats, with its unit and where it comes from.

/// Largest statement, in bytes. Leaves room for the entry around it within [`ENTRY_BYTES_MAX`].
pub const STATEMENT_BYTES_MAX: usize = 65_000;

/// Largest entry, in bytes: C2SP tlog-tiles carries entries with a 16-bit length.
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// Deepest nesting of CBOR arrays and maps, in levels (design §4).
pub const CBOR_DEPTH_MAX: usize = 16;

/// Most CBOR data items in one scanned input, in items: one per byte of the largest bundle would never be legitimate.
pub const CBOR_ITEMS_MAX: usize = 4_000_000;

/// Largest integer, either sign: what JSON carries exactly (RFC 7493 §2.2).
pub const INTEGER_MAX: u64 = (1 << 53) - 1;

/// Most statements in one posted batch (design §8).
pub const BATCH_STATEMENTS_MAX: usize = 4_096;

/// Largest posted batch, in bytes (design §8).
pub const BATCH_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Longest delegation chain, in hops (design §8).
pub const CHAIN_HOPS_MAX: usize = 64;

/// Most references between the hops behind one request, in references: more are not followed.
pub const CHAIN_LINKS_MAX: usize = 16_384;

/// Most statements in one bundle (design §8).
pub const BUNDLE_STATEMENTS_MAX: usize = 4_096;

/// Most terms one bundle's assertion may list: each statement asks for fewer than this many.
pub const BUNDLE_TERMS_MAX: usize = 65_536;

/// Most indexes that one bundle's terms may list, all terms together: each statement answers to a handful of the terms asked.
pub const BUNDLE_ROW_ITEMS_MAX: usize = 1 << 20;

/// Largest bundle, in bytes: [`BUNDLE_STATEMENTS_MAX`] entries of the mean size met in practice, and their proofs.
pub const BUNDLE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Most entries in one omission: genesis, the entry in question, and one for each change of the log's own keys.
pub const OMISSION_ENTRIES_MAX: usize = 64;

/// Most entries of one term that a bundle carries only to be counted: uses of a permit, an approval or a hop. Where there are
/// more, the term is left out, and a rule that has to count says that it cannot.
pub const BUNDLE_COUNTED_MAX: usize = 256;

/// Largest omission, in bytes: `OMISSION_ENTRIES_MAX` entries and their proofs, an assertion and a checkpoint.
pub const OMISSION_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Longest principal URI, in bytes (SPIFFE ID §2.3 allows 2,048).
pub const PRINCIPAL_BYTES_MAX: usize = 2_048;

/// Longest tenant label, in bytes.
pub const TENANT_BYTES_MAX: usize = 64;

/// Longest short name (reference type, limit name, cause), in bytes.
pub const NAME_BYTES_MAX: usize = 64;

/// Longest pattern, action name or resource, in bytes.
pub const PATTERN_BYTES_MAX: usize = 2_048;

/// Most segments of a pattern or of a name it is matched against.
pub const PATTERN_SEGMENTS_MAX: usize = 64;

/// Most entries of any list inside a statement's body.
pub const LIST_ITEMS_MAX: usize = 1_024;

/// Longest list of index terms that one statement may give rise to.
pub const STATEMENT_TERMS_MAX: usize = 4_096;

/// Shortest and longest genesis nonce, in bytes.
pub const NONCE_BYTES_MIN: usize = 16;
/// See [`NONCE_BYTES_MIN`].
pub const NONCE_BYTES_MAX: usize = 32;

/// Largest signed note, in bytes: 16 signatures of nearly 5 kB each must fit (C2SP signed-note, Format).
pub const NOTE_BYTES_MAX: usize = 256 * 1024;

/// Most signature lines of a note (C2SP signed-note asks for at least 16).
pub const NOTE_SIGNATURES_MAX: usize = 64;

/// Longest key name of a note, which every log's origin is, in bytes (C2SP tlog-cosignature, `opaque cosigner_name<1..2^8-1>`).
pub const KEY_NAME_BYTES_MAX: usize = 255;

/// Most hashes of one inclusion or consistency proof (C2SP tlog-witness).
pub const PROOF_HASHES_MAX: usize = 63;

/// Largest `extra` data of a tlog-proof, in bytes before base64.
pub const PROOF_EXTRA_BYTES_MAX: usize = 64 * 1024;

/// Largest receipt, in bytes: [`PROOF_HASHES_MAX`] hashes, the longest `sub`, and what stands around them.
pub const RECEIPT_BYTES_MAX: usize = 8 * 1024;

/// Largest fork proof, in bytes: two notes of [`NOTE_BYTES_MAX`], [`PROOF_HASHES_MAX`] hashes, a key and a digest fit.
pub const FORK_BYTES_MAX: usize = 600 * 1024;

/// Largest trust file, in bytes.
pub const TRUST_BYTES_MAX: usize = 256 * 1024;

/// Most logs, most witnesses and most groups of a trust file, each (C2SP tlog-policy asks for at least 32).
pub const TRUST_ITEMS_MAX: usize = 128;

/// Longest query, in bytes: it travels in a URL of at most 8 KiB, in which each byte may take three.
pub const QUERY_BYTES_MAX: usize = 2_048;

/// Most conditions of one query.
pub const QUERY_CONDITIONS_MAX: usize = 32;

/// Shortest beginning of a statement id that finds it, in hex digits.
pub const ID_PREFIX_DIGITS_MIN: usize = 8;
