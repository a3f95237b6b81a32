//! Request and reply of `svc.signals.predict`.

use serde::{Deserialize, Serialize};

/// A market snapshot to be judged. Only `price` is needed; what is absent is taken from the engine's own live book of the symbol, or its neutral value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PredictRequest {
    /// Last or mid price, > 0.
    pub price: f64,
    /// `SYMBOL` or `SYMBOL.VENUE`; the engine's default is `WBNBUSDT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    /// Open of the current bar, > 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<f64>,
    /// High of the current bar, > 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// Low of the current bar, > 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Traded volume of the current bar, >= 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume: Option<f64>,
    /// Volume at the bid, >= 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bid_volume: Option<f64>,
    /// Volume at the ask, >= 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ask_volume: Option<f64>,
    /// Best bid price, > 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best_bid: Option<f64>,
    /// Best ask price, > 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best_ask: Option<f64>,
    /// Volume of the five best bids, >= 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bid_depth_5: Option<f64>,
    /// Volume of the five best asks, >= 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ask_depth_5: Option<f64>,
    /// BTC price, > 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub btc_price: Option<f64>,
    /// Funding rate as a fraction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub funding_rate: Option<f64>,
    /// Milliseconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<f64>,
}

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Direction {
    /// P(up) > 0.5.
    Long,
    /// P(up) <= 0.5.
    Short,
    /// Nothing to say; confidence is 0. Signals only.
    Neutral,
}

/// One of the model's most important inputs.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Feature {
    /// Name in the feature schema.
    pub name: String,
    /// Its value in this prediction.
    pub value: f64,
}

/// The judgement.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PredictReply {
    /// LONG iff `raw_probability` > 0.5.
    pub direction: Direction,
    /// 2 |`raw_probability` - 0.5|.
    pub confidence: f64,
    /// P(mid higher after the model's horizon).
    pub raw_probability: f64,
    /// Whether confidence reaches 0.55.
    pub should_trade: bool,
    /// In USD; none when it should not trade.
    pub recommended_size: Option<f64>,
    /// Name and version of the judging model.
    pub model_version: String,
    /// Time spent in the engine.
    pub latency_ms: f64,
    /// When, ISO 8601 UTC.
    pub timestamp: String,
    /// The model's five most important inputs.
    pub top_features: Vec<Feature>,
}

/// Answer to a batch: per request either a prediction or an error.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PredictBatchReply {
    /// In the order of the requests; none where it failed.
    pub predictions: Vec<Option<PredictReply>>,
    /// In the order of the requests; none where it succeeded.
    pub errors: Vec<Option<crate::EngineError>>,
    /// How many were asked.
    #[serde(deserialize_with = "crate::number::whole")]
    pub total: u64,
    /// How many were answered.
    #[serde(deserialize_with = "crate::number::whole")]
    pub successful: u64,
}
