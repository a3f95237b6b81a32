//! Replies of `svc.signals.health`, `models.info` and `weights`.

use crate::number::whole;
use serde::Deserialize;

/// How the engine is.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Health {
    /// `healthy` or `degraded`.
    pub status: String,
    /// Whether it takes traffic.
    pub ready: bool,
    /// Why not.
    pub reasons: Vec<String>,
    /// Whether a direction model is loaded.
    pub model_loaded: bool,
    /// Which.
    pub model_version: String,
    /// Since start.
    pub uptime_seconds: f64,
    /// Predictions answered since start.
    #[serde(deserialize_with = "whole")]
    pub total_predictions: u64,
    /// Mean over the last 1,000.
    pub avg_latency_ms: f64,
    /// Symbols known.
    #[serde(deserialize_with = "whole")]
    pub symbols: u64,
    /// Symbols with a live book.
    #[serde(deserialize_with = "whole")]
    pub live: u64,
}

/// One model that the engine serves.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelInfo {
    /// Registry name.
    pub name: String,
    /// Version.
    pub version: String,
    /// `trees`, `forecast` or `sentiment`.
    pub family: String,
    /// `inline`, `pool` or `process`.
    pub placement: String,
    /// What it predicts ahead.
    pub horizon_ms: f64,
    /// Hex digest of its file.
    pub sha256: String,
}

/// All models served.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ModelsInfo {
    /// In registry order.
    pub models: Vec<ModelInfo>,
}

/// The belief in one source: a Beta posterior over its hit rate.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct SourceWeight {
    /// Registry name.
    pub model: String,
    /// Hits, decayed, with the prior.
    pub alpha: f64,
    /// Misses, decayed, with the prior.
    pub beta: f64,
    /// alpha / (alpha + beta).
    pub mean: f64,
    /// Normalised over the sources.
    pub weight: f64,
    /// 2.5 % quantile.
    pub lower: f64,
    /// 97.5 % quantile.
    pub upper: f64,
    /// Outcomes seen.
    #[serde(deserialize_with = "whole")]
    pub outcomes: u64,
}

/// The belief in every source.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Weights {
    /// One a source.
    pub weights: Vec<SourceWeight>,
}
