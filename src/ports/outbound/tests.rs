//! The guard against addresses that lead inside, held against a server on this machine.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::BoxFuture;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

const WITHIN: Duration = Duration::from_secs(5);

/// A server that counts its visitors and gives each the same answer.
struct Inside {
    port: u16,
    visits: Arc<AtomicUsize>,
}

impl Inside {
    async fn start(answer: impl Fn(u16) -> Vec<u8> + Send + 'static) -> Inside {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let visits = Arc::new(AtomicUsize::new(0));
        let counted = visits.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let mut request = [0; 2048];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(&answer(port)).await;
            }
        });
        Inside { port, visits }
    }

    fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }
}

fn answer(head: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        .into_bytes()
}

/// A name server of the attacker: each name leads where it says.
struct Hostile;

impl Names for Hostile {
    fn look_up(&self, name: &str) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        let addresses: &[&str] = match name {
            "loop.test" => &["127.0.0.1"],
            "both.test" => &["93.184.216.34", "127.0.0.1"],
            "mapped.test" => &["::ffff:127.0.0.1"],
            "link.test" => &["169.254.169.254"],
            "six.test" => &["::1"],
            _ => &[],
        };
        let found = addresses.iter().filter_map(|address| address.parse().ok()).collect();
        Box::pin(async move { Ok(found) })
    }
}

async fn get(client: &Outbound, address: &str) -> Result<Answer, OutboundError> {
    client.get(Url::parse(address).expect("an address"), HeaderMap::new(), 1024, WITHIN).await
}

#[tokio::test]
async fn an_address_that_leads_inside_is_never_connected_to() {
    let inside = Inside::start(|_| answer("200 OK", "secret")).await;
    let client = Outbound::with_names("", Arc::new(Hostile));
    let port = inside.port;
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "169.254.169.254",
        "10.0.0.1",
        "[fd00::1]",
        "loop.test",
        "both.test",
        "mapped.test",
        "link.test",
        "six.test",
    ] {
        let refused = get(&client, &format!("http://{host}:{port}/")).await;
        assert!(matches!(refused, Err(OutboundError::Private(_))), "{host}: {refused:?}");
    }
    for address in
        ["file:///etc/passwd", "gopher://93.184.216.34/", "http://a@127.0.0.1/", "http://u:p@shop.test/"]
    {
        let refused = get(&client, address).await;
        assert!(matches!(refused, Err(OutboundError::NoAddress(_))), "{address}: {refused:?}");
    }
    assert!(matches!(get(&client, "http://93.184.216.34:25/").await, Err(OutboundError::Port(25))));
    assert_eq!(inside.visits(), 0);
}

#[tokio::test]
async fn a_redirect_is_checked_like_the_first_address() {
    let secret = Inside::start(|_| answer("200 OK", "secret")).await;
    let port = secret.port;
    let outside =
        Inside::start(move |_| answer(&format!("302 Found\r\nlocation: http://127.0.0.1:{port}/"), "")).await;
    let client = Outbound::with_names(&format!("127.0.0.1:{}", outside.port), Arc::new(Hostile));
    let refused = get(&client, &format!("http://127.0.0.1:{}/", outside.port)).await;
    assert!(matches!(refused, Err(OutboundError::Private(_))), "{refused:?}");
    assert_eq!((outside.visits(), secret.visits()), (1, 0));
}

#[tokio::test]
async fn a_listed_host_is_reached_and_bounds_hold_for_it_too() {
    let inside = Inside::start(|_| answer("200 OK", "hello")).await;
    let big = Inside::start(|_| answer("200 OK", &"x".repeat(5_000))).await;
    let circle =
        Inside::start(|port| answer(&format!("301 Gone\r\nlocation: http://127.0.0.1:{port}/"), "")).await;
    let endless = Inside::start(|_| {
        let mut head = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
        head.extend(std::iter::repeat_n(b'x', 100_000));
        head
    })
    .await;
    let allowed = [&inside, &big, &circle, &endless].map(|server| format!("127.0.0.1:{}", server.port));
    let client = Outbound::with_names(&allowed.join(","), Arc::new(Hostile));
    let at = |server: &Inside| format!("http://127.0.0.1:{}/", server.port);
    assert_eq!(get(&client, &at(&inside)).await.expect("reached").body, b"hello");
    assert!(matches!(get(&client, &at(&big)).await, Err(OutboundError::TooLarge(1024))));
    assert!(matches!(get(&client, &at(&endless)).await, Err(OutboundError::TooLarge(1024))));
    assert!(matches!(get(&client, &at(&circle)).await, Err(OutboundError::TooManyHops(_))));
    assert_eq!(circle.visits(), MAX_HOPS + 1);
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let client = Outbound::with_names(&address.to_string(), Arc::new(Hostile));
    let url = Url::parse(&format!("http://{address}/")).expect("an address");
    let refused = client.get(url, HeaderMap::new(), 1024, Duration::from_millis(50)).await;
    assert!(matches!(refused, Err(OutboundError::TooSlow(_))), "{refused:?}");
}

#[test]
fn addresses_are_read_as_people_type_them() {
    let read = |text: &str| parse_address(text).map(|url| url.to_string());
    assert_eq!(read(" shop.example/help#top ").as_deref(), Ok("https://shop.example/help"));
    assert_eq!(read("http://shop.example").as_deref(), Ok("http://shop.example/"));
    for wrong in ["", "ftp://shop.example", "javascript:alert(1)", "https://"] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}
