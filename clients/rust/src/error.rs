//! What can go wrong, told apart by what a bot should do about it.

use serde::Deserialize;

/// The engine's own refusal: a code from its one list (`E_<DOMAIN>_<REASON>`), safe to match on.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct EngineError {
    /// Such as `E_BOOK_NOSYNC`.
    pub code: String,
    /// HTTP-like number of the code.
    pub num: u16,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// Fixed text of the code.
    pub text: String,
    /// The field at fault, where there is one.
    #[serde(default)]
    pub field: Option<String>,
    /// How long to wait before trying again, where the engine knows.
    #[serde(default, rename = "retryAfterMs")]
    pub retry_after_ms: Option<f64>,
}

/// Every failure of a call.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No answer by the deadline: fall back now.
    #[error("no answer within the deadline")]
    Deadline,
    /// Nobody serves the request: the engine is down or not connected.
    #[error("no engine is listening")]
    NoEngine,
    /// The engine refused, with a code.
    #[error("{}: {}", .0.code, .0.text)]
    Engine(EngineError),
    /// The engine's answer does not follow the contract: a version skew.
    #[error("unreadable answer: {0}")]
    Decode(#[from] rmp_serde::decode::Error),
    /// The request could not be encoded.
    #[error("unencodable request: {0}")]
    Encode(#[from] rmp_serde::encode::Error),
    /// The symbol is not `SYMBOL.VENUE`, or `*` where a wildcard is allowed.
    #[error("malformed symbol: {0}")]
    Symbol(String),
    /// The broker cannot be reached or refused us.
    #[error("NATS: {0}")]
    Nats(String),
}

impl Error {
    /// Whether trying again can help.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Deadline | Self::NoEngine | Self::Nats(_) => true,
            Self::Engine(error) => error.retryable,
            Self::Decode(_) | Self::Encode(_) | Self::Symbol(_) => false,
        }
    }
}
