//! A stream of signals that tells about its own holes.

use crate::error::Error;
use crate::signal::Signal;
use futures_util::Stream;
use std::collections::HashMap;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What a signal stream yields.
#[derive(Debug)]
pub enum SignalEvent {
    /// The newest signal of its symbol.
    Signal(Box<Signal>),
    /// `count` signals of `symbol` never arrived; the next event is the signal after the hole.
    Missed {
        /// `SYMBOL.VENUE`.
        symbol: String,
        /// How many.
        count: u64,
    },
    /// The engine was restarted: sequences start anew and positions based on old signals should be reviewed.
    NewEpoch {
        /// The epoch that begins.
        epoch: String,
    },
}

/// Signals of one symbol, or of all. Ends when the connection is closed for good.
pub struct SignalStream {
    subscriber: async_nats::Subscriber,
    tracker: SequenceTracker,
    /// The signal that follows a `Missed` or `NewEpoch` just given.
    held: Option<Box<Signal>>,
}

impl SignalStream {
    pub(crate) fn new(subscriber: async_nats::Subscriber) -> Self {
        Self {
            subscriber,
            tracker: SequenceTracker::default(),
            held: None,
        }
    }

    /// Ends the subscription.
    ///
    /// # Errors
    /// When the connection is already closed.
    pub async fn unsubscribe(mut self) -> Result<(), Error> {
        self.subscriber
            .unsubscribe()
            .await
            .map_err(|error| Error::Nats(error.to_string()))
    }
}

impl Stream for SignalStream {
    type Item = Result<SignalEvent, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(signal) = this.held.take() {
                match this.tracker.advance(&signal) {
                    Step::Next => return Poll::Ready(Some(Ok(SignalEvent::Signal(signal)))),
                    // Late or repeated: a newer one was given already.
                    Step::Old => continue,
                    Step::Missed(count) => {
                        let symbol = signal.symbol.clone();
                        this.held = Some(signal);
                        return Poll::Ready(Some(Ok(SignalEvent::Missed { symbol, count })));
                    }
                    Step::NewEpoch => {
                        let epoch = signal.epoch.clone();
                        this.held = Some(signal);
                        return Poll::Ready(Some(Ok(SignalEvent::NewEpoch { epoch })));
                    }
                }
            }
            match Pin::new(&mut this.subscriber).poll_next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(message)) => match rmp_serde::from_slice(&message.payload) {
                    Ok(signal) => this.held = Some(Box::new(signal)),
                    Err(error) => return Poll::Ready(Some(Err(error.into()))),
                },
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Next,
    Old,
    /// The caller asks again with the same signal after reporting it.
    Missed(u64),
    NewEpoch,
}

/// Last sequence by symbol, within one epoch.
#[derive(Default)]
struct SequenceTracker {
    epoch: Option<String>,
    last: HashMap<String, u64>,
}

impl SequenceTracker {
    fn advance(&mut self, signal: &Signal) -> Step {
        if self.epoch.as_deref() != Some(&signal.epoch) {
            let is_first = self.epoch.is_none();
            self.epoch = Some(signal.epoch.clone());
            self.last.clear();
            if !is_first {
                return Step::NewEpoch;
            }
        }
        let Some(last) = self.last.get_mut(&signal.symbol) else {
            self.last.insert(signal.symbol.clone(), signal.seq);
            return Step::Next;
        };
        if signal.seq <= *last {
            return Step::Old;
        }
        let missed = signal.seq - *last - 1;
        if missed > 0 {
            *last = signal.seq - 1;
            return Step::Missed(missed);
        }
        *last = signal.seq;
        Step::Next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signal(epoch: &str, seq: u64) -> Signal {
        let json = format!(
            r#"{{"v":1,"symbol":"A1.SIM","epoch":"{epoch}","seq":{seq},"eventUs":1,"receivedUs":1,"emittedUs":1,"trigger":"book","live":true,
               "book":{{"state":"LIVE","reason":"none","seq":1,"bidPrice":1,"bidSize":1,"askPrice":2,"askSize":1}},"direction":"LONG","class":"HOLD",
               "probability":0.6,"confidence":0.2,"logOdds":0.4,"agreement":1,"horizonMs":1000,"sources":[],"missing":[],"stampsNs":[]}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn counts_the_hole_once_and_then_goes_on() {
        let mut tracker = SequenceTracker::default();
        assert_eq!(tracker.advance(&signal("e", 5)), Step::Next);
        assert_eq!(tracker.advance(&signal("e", 9)), Step::Missed(3));
        assert_eq!(tracker.advance(&signal("e", 9)), Step::Next);
        assert_eq!(tracker.advance(&signal("e", 9)), Step::Old);
        assert_eq!(tracker.advance(&signal("e", 10)), Step::Next);
    }

    #[test]
    fn starts_anew_with_an_epoch() {
        let mut tracker = SequenceTracker::default();
        assert_eq!(tracker.advance(&signal("a", 100)), Step::Next);
        assert_eq!(tracker.advance(&signal("b", 1)), Step::NewEpoch);
        assert_eq!(tracker.advance(&signal("b", 1)), Step::Next);
    }

    #[test]
    fn reads_states_of_newer_engines_as_unknown() {
        assert_eq!(
            serde_json::from_str::<crate::BookState>("\"HALTED\"").unwrap(),
            crate::BookState::Unknown
        );
    }
}
