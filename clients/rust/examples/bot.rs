//! A bot's skeleton: follows the signals, asks for a judgement with a deadline when one changes class, and has a fallback.

use fusewire_client::{
    Client, ConnectOptions, Direction, Error, PredictRequest, Signal, SignalClass, SignalEvent,
};
use futures_util::StreamExt;
use std::collections::HashMap;
use std::time::Duration;

const DEADLINE: Duration = Duration::from_millis(20);

#[tokio::main]
async fn main() -> Result<(), Error> {
    let url = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "nats://client:client-dev@127.0.0.1:4222".into());
    let client = Client::connect(ConnectOptions::new(url)).await?;
    let mut signals = client.signals("*").await?;
    let mut classes: HashMap<String, SignalClass> = HashMap::new();

    while let Some(event) = signals.next().await {
        match event {
            Ok(SignalEvent::Signal(signal)) => {
                let before = classes.insert(signal.symbol.clone(), signal.class);
                if signal.live && before != Some(signal.class) && signal.class != SignalClass::Hold
                {
                    decide(&client, &signal).await;
                }
            }
            Ok(SignalEvent::Missed { symbol, count }) => println!("{symbol}: {count} missed"),
            Ok(SignalEvent::NewEpoch { epoch }) => {
                println!("engine restarted, epoch {epoch}");
                classes.clear();
            }
            Err(error) => println!("{error}"),
        }
    }
    Ok(())
}

/// Judges the current book once more; without an answer in time, the signal itself decides.
async fn decide(client: &Client, signal: &Signal) {
    let request = PredictRequest {
        price: f64::midpoint(signal.book.bid_price, signal.book.ask_price),
        symbol: Some(signal.symbol.clone()),
        best_bid: Some(signal.book.bid_price),
        best_ask: Some(signal.book.ask_price),
        ..Default::default()
    };
    let (direction, confidence, by) = match client.predict(&request, DEADLINE).await {
        Ok(reply) => (reply.direction, reply.confidence, reply.model_version),
        Err(error) => (
            signal.direction,
            signal.confidence,
            format!("signal, since {error}"),
        ),
    };
    let side = match direction {
        Direction::Long => "buy",
        Direction::Short => "sell",
        Direction::Neutral => "nothing",
    };
    println!(
        "{} {:?}: {side} at {:.2} ({by})",
        signal.symbol, signal.class, confidence
    );
}
