//! The connection and its calls.

use crate::error::{EngineError, Error};
use crate::info::{Health, ModelsInfo, Weights};
use crate::predict::{PredictBatchReply, PredictReply, PredictRequest};
use crate::signal::Signal;
use crate::stream::SignalStream;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How to reach the broker.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// `nats://user:password@host:port`.
    pub url: String,
    /// Shown in the broker's monitoring.
    pub name: String,
    /// Our own pings: a frozen broker is noticed after two of these.
    pub ping_interval: Duration,
}

impl ConnectOptions {
    /// With a ping a second.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            name: "fusewire-client".into(),
            ping_interval: Duration::from_secs(1),
        }
    }
}

/// A typed client of one engine (or of several behind the same subjects). Cheap to clone.
#[derive(Clone)]
pub struct Client {
    nats: async_nats::Client,
}

/// The head of every reply.
#[derive(Deserialize)]
struct Envelope {
    ok: bool,
    #[serde(default)]
    err: Option<EngineError>,
}

#[derive(Serialize)]
struct BySymbol<'a> {
    symbol: &'a str,
}

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
struct Batch<'a> {
    requests: &'a [PredictRequest],
}

#[derive(Deserialize)]
struct LatestReply {
    signal: Signal,
}

/// How much earlier than the caller's deadline the engine is told to be done: the way back.
const RETURN_TRIP: Duration = Duration::from_millis(2);

impl Client {
    /// Connects, and reconnects for ever from then on.
    ///
    /// # Errors
    /// [`Error::Nats`] when the broker cannot be reached or refuses the credentials.
    pub async fn connect(options: ConnectOptions) -> Result<Self, Error> {
        let nats = async_nats::ConnectOptions::new()
            .name(options.name)
            .ping_interval(options.ping_interval)
            // A request's own deadline governs; this only bounds what the library does by itself.
            .request_timeout(Some(Duration::from_secs(10)))
            .connect(options.url)
            .await
            .map_err(|error| Error::Nats(error.to_string()))?;
        Ok(Self { nats })
    }

    /// Asks for a judgement. Returns by `deadline`, whatever happens to engine or broker.
    ///
    /// # Errors
    /// [`Error::Deadline`], [`Error::NoEngine`] and [`Error::Engine`] are the ones to fall back on.
    pub async fn predict(
        &self,
        request: &PredictRequest,
        deadline: Duration,
    ) -> Result<PredictReply, Error> {
        self.call("predict", request, deadline).await
    }

    /// Judges up to 256 snapshots in one round trip.
    ///
    /// # Errors
    /// As [`Client::predict`]; errors of single items stand in the reply.
    pub async fn predict_batch(
        &self,
        requests: &[PredictRequest],
        deadline: Duration,
    ) -> Result<PredictBatchReply, Error> {
        self.call("predict.batch", &Batch { requests }, deadline)
            .await
    }

    /// The last signal of `symbol`.
    ///
    /// # Errors
    /// As [`Client::predict`]; `E_SYMBOL_UNKNOWN` while there is none.
    pub async fn latest(&self, symbol: &str, deadline: Duration) -> Result<Signal, Error> {
        let reply: LatestReply = self
            .call("signal.latest", &BySymbol { symbol }, deadline)
            .await?;
        Ok(reply.signal)
    }

    /// How the engine is.
    ///
    /// # Errors
    /// As [`Client::predict`].
    pub async fn health(&self, deadline: Duration) -> Result<Health, Error> {
        self.call("health", &Empty {}, deadline).await
    }

    /// What it serves.
    ///
    /// # Errors
    /// As [`Client::predict`].
    pub async fn models_info(&self, deadline: Duration) -> Result<ModelsInfo, Error> {
        self.call("models.info", &Empty {}, deadline).await
    }

    /// How much it believes each source, for one symbol or over all.
    ///
    /// # Errors
    /// As [`Client::predict`].
    pub async fn weights(
        &self,
        symbol: Option<&str>,
        deadline: Duration,
    ) -> Result<Weights, Error> {
        match symbol {
            Some(symbol) => self.call("weights", &BySymbol { symbol }, deadline).await,
            None => self.call("weights", &Empty {}, deadline).await,
        }
    }

    /// Streams the signals of `SYMBOL.VENUE`, or of all with `*`.
    ///
    /// # Errors
    /// [`Error::Symbol`] for a malformed symbol, [`Error::Nats`] when the subscription is refused.
    pub async fn signals(&self, symbol: &str) -> Result<SignalStream, Error> {
        let subject = signal_subject(symbol)?;
        let subscriber = self
            .nats
            .subscribe(subject)
            .await
            .map_err(|error| Error::Nats(error.to_string()))?;
        // So that a signal published after this call returns is never missed.
        self.nats
            .flush()
            .await
            .map_err(|error| Error::Nats(error.to_string()))?;
        Ok(SignalStream::new(subscriber))
    }

    async fn call<Q: Serialize, R: DeserializeOwned>(
        &self,
        verb: &str,
        request: &Q,
        deadline: Duration,
    ) -> Result<R, Error> {
        let payload = rmp_serde::to_vec_named(request)?;
        let mut headers = async_nats::HeaderMap::new();
        let timeout_ms = deadline
            .saturating_sub(RETURN_TRIP)
            .max(Duration::from_millis(1))
            .as_millis();
        headers.insert("Fusewire-Timeout-Ms", timeout_ms.to_string().as_str());
        let asked =
            self.nats
                .request_with_headers(format!("svc.signals.{verb}"), headers, payload.into());
        let message = match tokio::time::timeout(deadline, asked).await {
            Err(_) => return Err(Error::Deadline),
            Ok(Err(error)) => return Err(request_error(&error)),
            Ok(Ok(message)) => message,
        };
        let envelope: Envelope = rmp_serde::from_slice(&message.payload)?;
        match envelope {
            Envelope { ok: true, .. } => Ok(rmp_serde::from_slice(&message.payload)?),
            Envelope { err: Some(err), .. } => Err(Error::Engine(err)),
            Envelope { .. } => Err(Error::Decode(rmp_serde::decode::Error::Syntax(
                "a refusal without err".into(),
            ))),
        }
    }
}

fn request_error(error: &async_nats::RequestError) -> Error {
    use async_nats::RequestErrorKind::{NoResponders, TimedOut};
    match error.kind() {
        NoResponders => Error::NoEngine,
        TimedOut => Error::Deadline,
        _ => Error::Nats(error.to_string()),
    }
}

/// `SYMBOL.VENUE` → `sig.v1.VENUE.SYMBOL`; nothing else may reach a subject.
fn signal_subject(symbol: &str) -> Result<String, Error> {
    if symbol == "*" {
        return Ok("sig.v1.*.*".into());
    }
    match symbol.split_once('.') {
        Some((ticker, venue)) if is_token(ticker) && is_token(venue) => {
            Ok(format!("sig.v1.{venue}.{ticker}"))
        }
        _ => Err(Error::Symbol(symbol.into())),
    }
}

fn is_token(text: &str) -> bool {
    let allowed = |c: u8| c.is_ascii_uppercase() || c.is_ascii_digit();
    let bytes = text.as_bytes();
    (2..=32).contains(&bytes.len())
        && allowed(bytes[0])
        && bytes.iter().all(|&c| allowed(c) || c == b'_' || c == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_subjects_of_well_formed_symbols_only() {
        assert_eq!(
            signal_subject("BTCUSDT.BINANCE").unwrap(),
            "sig.v1.BINANCE.BTCUSDT"
        );
        assert_eq!(signal_subject("*").unwrap(), "sig.v1.*.*");
        for bad in [
            "",
            "BTC",
            "a.b",
            "BTC.*",
            "BTC.>",
            "BTC.BIN.X",
            "BT C.SIM",
            "B.SIM",
        ] {
            assert!(
                matches!(signal_subject(bad), Err(Error::Symbol(_))),
                "{bad}"
            );
        }
    }
}
