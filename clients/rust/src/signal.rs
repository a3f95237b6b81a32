//! The fused signal, as published on `sig.v1.<VENUE>.<SYMBOL>`.

use crate::number::whole;
use crate::predict::Direction;
use serde::Deserialize;

/// State of the order book that a signal rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BookState {
    /// Waiting for a snapshot.
    Syncing,
    /// In sequence, uncrossed and fresh.
    Live,
    /// No valid update for too long.
    Stale,
    /// Crossed or contradictory.
    Quarantined,
    /// A state that this client does not know: treat as not live.
    #[serde(other)]
    Unknown,
}

/// The five classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SignalClass {
    /// P(up) < 0.1.
    StrongSell,
    /// P(up) < 0.3.
    Sell,
    /// In between.
    Hold,
    /// P(up) > 0.7.
    Buy,
    /// P(up) > 0.9.
    StrongBuy,
}

/// Top of the book, and whether it can be trusted.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BookView {
    /// State of the book.
    pub state: BookState,
    /// Why it is not live; `none` when it is.
    pub reason: String,
    /// Sequence of the last book event that it holds.
    #[serde(deserialize_with = "whole")]
    pub seq: u64,
    /// Best bid price, 0 when there is none.
    pub bid_price: f64,
    /// Size at the best bid.
    pub bid_size: f64,
    /// Best ask price, 0 when there is none.
    pub ask_price: f64,
    /// Size at the best ask.
    pub ask_size: f64,
}

/// One source's share of the signal.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contribution {
    /// Registry name of the model.
    pub model: String,
    /// Its version.
    pub version: String,
    /// `trees`, `forecast` or `sentiment`.
    pub family: String,
    /// P(up) as this source states it.
    pub probability: f64,
    /// How sure the source is, in [0, 1].
    pub confidence: f64,
    /// Horizon of the statement.
    pub horizon_ms: f64,
    /// Bayesian weight; those of all sources add up to 1.
    pub weight: f64,
    /// 1 when just made, 0 at its time-to-live.
    pub freshness: f64,
    /// Age of the data it rests on.
    pub age_ms: f64,
    /// Its summand in `log_odds`.
    pub contribution: f64,
}

/// A source that did not speak, and why.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MissingSource {
    /// Registry name of the model.
    pub model: String,
    /// `pending`, `late`, `expired`, `absent`, `failed` or `stale`.
    pub reason: String,
}

/// Consensus of the sentiment models about the last headline.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SentimentView {
    /// `positive`, `negative` or `neutral`.
    pub label: String,
    /// In [-1, 1].
    pub score: f64,
    /// In [0, 1].
    pub confidence: f64,
    /// Which headline.
    pub headline_id: String,
    /// Its age.
    pub age_ms: f64,
}

/// The fused belief about one symbol.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Signal {
    /// Schema version, 1.
    #[serde(deserialize_with = "whole")]
    pub v: u64,
    /// `SYMBOL.VENUE`.
    pub symbol: String,
    /// Names one run of the engine; `seq` starts anew with it.
    pub epoch: String,
    /// 1, 2, 3, … per symbol within the epoch.
    #[serde(deserialize_with = "whole")]
    pub seq: u64,
    /// The venue's time of the event behind it, Unix µs.
    #[serde(deserialize_with = "whole")]
    pub event_us: u64,
    /// When the engine received that event, Unix µs.
    #[serde(deserialize_with = "whole")]
    pub received_us: u64,
    /// When the engine spoke, Unix µs.
    #[serde(deserialize_with = "whole")]
    pub emitted_us: u64,
    /// What made the engine speak.
    pub trigger: String,
    /// Only then may it be traded on.
    pub live: bool,
    /// The book that it rests on.
    pub book: BookView,
    /// Which way.
    pub direction: Direction,
    /// One of five.
    pub class: SignalClass,
    /// P(mid higher after the horizon).
    pub probability: f64,
    /// 2 |probability - 0.5|, 0 when not live.
    pub confidence: f64,
    /// Sum of all contributions.
    pub log_odds: f64,
    /// Share of the weight that points the fused way.
    pub agreement: f64,
    /// Horizon of the statement.
    pub horizon_ms: f64,
    /// What went in.
    pub sources: Vec<Contribution>,
    /// What did not, and why.
    pub missing: Vec<MissingSource>,
    /// Present while a headline is fresh.
    #[serde(default)]
    pub sentiment: Option<SentimentView>,
    /// Monotonic stamps by stage, ns of the engine's host.
    pub stamps_ns: Vec<f64>,
}
