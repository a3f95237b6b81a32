//! Typed client of the fusewire signal engine, over NATS.
//!
//! [`Client::predict`] asks for a judgement with a deadline that holds whatever happens to engine or broker;
//! [`Client::signals`] streams fused signals and says when some were missed.
//!
//! The contract is `docs/wire.md`; the fixtures in `test/fixtures/wire` hold both sides to it.

#![doc = include_str!("../README.md")]

mod client;
mod error;
mod info;
mod number;
mod predict;
mod signal;
mod stream;

pub use client::{Client, ConnectOptions};
pub use error::{EngineError, Error};
pub use info::{Health, ModelInfo, ModelsInfo, SourceWeight, Weights};
pub use predict::{Direction, Feature, PredictBatchReply, PredictReply, PredictRequest};
pub use signal::{
    BookState, BookView, Contribution, MissingSource, SentimentView, Signal, SignalClass,
};
pub use stream::{SignalEvent, SignalStream};
