//! Against a real engine on a real broker: started here from the built `dist/`, or named by `FUSEWIRE_TEST_NATS`.

use fusewire_client::{BookState, Client, ConnectOptions, Error, PredictRequest, SignalEvent};
use futures_util::StreamExt;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const ANSWER: Duration = Duration::from_secs(2);

/// Ends its processes when the test does.
struct Engine {
    url: String,
    children: Vec<Child>,
    state_dir: Option<PathBuf>,
}

impl Drop for Engine {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
        if let Some(dir) = &self.state_dir {
            let _ = std::fs::remove_dir_all(dir);
        }
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port()
}

fn spawn(command: &mut Command) -> Child {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

fn start() -> Engine {
    if let Ok(url) = std::env::var("FUSEWIRE_TEST_NATS") {
        return Engine {
            url,
            children: vec![],
            state_dir: None,
        };
    }
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let cli = root.join("dist/engine/cli/fusewire.js");
    assert!(cli.exists(), "build the engine first: npm run build");
    let port = free_port();
    let url = format!("nats://127.0.0.1:{port}");
    let state_dir = std::env::temp_dir().join(format!("fusewire-rust-{port}"));
    let broker =
        spawn(Command::new("nats-server").args(["-a", "127.0.0.1", "-p", &port.to_string()]));
    let engine = spawn(Command::new("node").arg(cli).args([
        "run",
        "--nats",
        &url,
        "--feed",
        "simulator",
        "--port",
        "0",
        "--set",
        "models.llama=false",
        "--state-dir",
        state_dir.to_str().expect("a UTF-8 path"),
    ]));
    Engine {
        url,
        children: vec![engine, broker],
        state_dir: Some(state_dir),
    }
}

/// Connects and waits until the engine says that it is ready.
async fn ready_client(engine: &Engine) -> Client {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Ok(client) = Client::connect(ConnectOptions::new(&engine.url)).await {
            while Instant::now() < deadline {
                if matches!(client.health(ANSWER).await, Ok(health) if health.ready) {
                    return client;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        assert!(Instant::now() < deadline, "the engine is not ready in 60 s");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn serves_a_bot() {
    let engine = start();
    let client = ready_client(&engine).await;

    let mut signals = client.signals("*").await.expect("a subscription");
    let first = loop {
        match tokio::time::timeout(Duration::from_secs(20), signals.next()).await {
            Ok(Some(Ok(SignalEvent::Signal(signal)))) if signal.live => break signal,
            Ok(Some(Ok(_))) => {}
            other => panic!("no live signal: {other:?}"),
        }
    };
    assert_eq!(first.book.state, BookState::Live);
    assert!(first.probability > 0.0 && first.probability < 1.0);
    let sum: f64 = first.sources.iter().map(|source| source.contribution).sum();
    assert!(
        (sum - first.log_odds).abs() < 1e-9,
        "contributions add up to the log-odds"
    );

    let request = PredictRequest {
        price: f64::midpoint(first.book.bid_price, first.book.ask_price),
        symbol: Some(first.symbol.clone()),
        best_bid: Some(first.book.bid_price),
        best_ask: Some(first.book.ask_price),
        ..Default::default()
    };
    let reply = client.predict(&request, ANSWER).await.expect("a judgement");
    assert!((reply.confidence - 2.0 * (reply.raw_probability - 0.5).abs()).abs() < 1e-9);
    assert_eq!(reply.should_trade, reply.confidence >= 0.55);
    assert!(!reply.top_features.is_empty());

    let bad = PredictRequest {
        price: -1.0,
        ..request.clone()
    };
    match client.predict(&bad, ANSWER).await {
        Err(Error::Engine(error)) => assert!(error.code.starts_with("E_INPUT_"), "{}", error.code),
        other => panic!("a bad price was not refused: {other:?}"),
    }

    let batch = client
        .predict_batch(&[request, bad], ANSWER)
        .await
        .expect("a batch");
    assert_eq!((batch.total, batch.successful), (2, 1));
    assert!(batch.predictions[0].is_some() && batch.predictions[1].is_none());
    assert!(batch.errors[1].is_some());

    let latest = client.latest(&first.symbol, ANSWER).await.expect("latest");
    assert!(latest.seq >= first.seq && latest.epoch == first.epoch);
    match client.latest("NOSUCH.SIM", ANSWER).await {
        Err(Error::Engine(error)) => assert_eq!(error.code, "E_SYMBOL_UNKNOWN"),
        other => panic!("an unknown symbol was not refused: {other:?}"),
    }

    let models = client.models_info(ANSWER).await.expect("models");
    assert!(models.models.iter().any(|model| model.family == "trees"));
    let weights = client
        .weights(Some(&first.symbol), ANSWER)
        .await
        .expect("weights");
    let total: f64 = weights.weights.iter().map(|source| source.weight).sum();
    assert!((total - 1.0).abs() < 1e-9, "weights add up to 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn falls_back_in_time_when_nobody_serves() {
    let port = free_port();
    let mut broker =
        spawn(Command::new("nats-server").args(["-a", "127.0.0.1", "-p", &port.to_string()]));
    let client = loop {
        let options = ConnectOptions::new(format!("nats://127.0.0.1:{port}"));
        if let Ok(client) = Client::connect(options).await {
            break client;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let request = PredictRequest {
        price: 1.0,
        ..Default::default()
    };
    let none = client.predict(&request, Duration::from_millis(500)).await;
    assert!(matches!(none, Err(Error::NoEngine)), "{none:?}");

    broker.kill().expect("the broker is ours");
    broker.wait().expect("the broker is ours");
    let asked = Instant::now();
    let gone = client.predict(&request, Duration::from_millis(50)).await;
    assert!(gone.is_err_and(|error| error.is_retryable()));
    assert!(
        asked.elapsed() < Duration::from_millis(500),
        "the deadline holds"
    );
}
