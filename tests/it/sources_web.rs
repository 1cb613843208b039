//! Documents from web pages: product map E1, E4; reliability S8.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use concierge::base::Role;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::sources::document;
use crate::support::{App, call, ok, on_each_engine, on_each_engine_with};

const WEB: &str = "/v1/knowledge/documents/web";

/// A web site on this machine whose pages a test changes.
#[derive(Clone)]
struct Web {
    pages: Arc<Mutex<HashMap<String, String>>>,
    asked: Arc<Mutex<Vec<String>>>,
    address: String,
}

impl Web {
    async fn start() -> Web {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let web = Web { pages: Arc::default(), asked: Arc::default(), address };
        let serving = web.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = vec![0; 4_096];
                let read = stream.read(&mut request).await.unwrap_or(0);
                let request = String::from_utf8_lossy(&request[..read]).into_owned();
                let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                serving.asked.lock().unwrap_or_else(PoisonError::into_inner).push(path.clone());
                let page = serving.pages.lock().unwrap_or_else(PoisonError::into_inner).get(&path).cloned();
                let answer = match page {
                    Some(page) if page.starts_with("HTTP/") => page,
                    Some(page) => format!(
                        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/html\r\ncontent-length: {}\r\n\r\n{page}",
                        page.len()
                    ),
                    None => {
                        "HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_owned()
                    }
                };
                // A visitor that left early misses its answer.
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        web
    }

    fn put(&self, path: &str, page: &str) {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), page.to_owned());
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn asked(&self, path: &str) -> usize {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.iter().filter(|one| *one == path).count()
    }
}

fn page(title: &str, text: &str) -> String {
    format!("<!doctype html><html><head><title>{title}</title></head><body><p>{text}</p></body></html>")
}

/// Runs a test with a web site that the settings let the hub reach.
async fn with_web(test: impl AsyncFn(&App, &Web)) {
    let web = Web::start().await;
    on_each_engine_with(
        |config, _| config.knowledge.reachable_hosts = web.address.clone(),
        async |app| test(app, &web).await,
    )
    .await;
}

async fn add(app: &App, address: &str) -> Value {
    let manager = app.staff(Role::Manager).await;
    let added = ok(&manager, "POST", WEB, Some(json!({ "address": address }))).await;
    app.settle().await;
    let id = added["items"][0]["id"].as_str().expect("an identifier");
    document(&manager, id).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_read_and_read_again_when_it_has_changed() {
    with_web(async |app, web| {
        web.put("/help/tents", &page("Tents", "A tent costs 30 euros a week."));
        let manager = app.staff(Role::Manager).await;
        let read = add(app, &web.url("/help/tents#prices")).await;
        assert_eq!((&read["status"], &read["title"]), (&json!("ready"), &json!("Tents")), "{read}");
        assert_eq!(read["source"]["kind"], "page");
        assert_eq!(read["source"]["name"], web.url("/help/tents").as_str());
        assert!(read["source"]["checked_at"].is_string());
        let id = read["id"].as_str().expect("an identifier");
        let again = format!("/v1/knowledge/documents/{id}/read-again");

        ok(&manager, "POST", &again, None).await;
        app.settle().await;
        assert_eq!(document(&manager, id).await["version"], 1, "nothing has changed");
        web.put("/help/tents", &page("Tents", "A tent costs 35 euros a week."));
        ok(&manager, "POST", &again, None).await;
        app.settle().await;
        let read = document(&manager, id).await;
        assert_eq!((&read["version"], &read["body"]), (&json!(2), &json!("A tent costs 35 euros a week.")));

        web.put("/help/tents", "HTTP/1.1 410 Gone\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        ok(&manager, "POST", &again, None).await;
        app.settle().await;
        let read = document(&manager, id).await;
        assert_eq!(
            (&read["status"], &read["source"]["problem"]["code"]),
            (&json!("failed"), &json!("not_found"))
        );
        assert_eq!(read["body"], "A tent costs 35 euros a week.", "the text of before is still there");
        let twice = call(&manager, "POST", WEB, Some(json!({ "address": web.url("/help/tents") }))).await;
        assert_eq!(twice.problem(), (409, "conflict".to_owned()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_is_read_by_its_sitemap_and_its_wishes_are_respected() {
    with_web(async |app, web| {
        let listed: String = ["/a", "/b", "/b", "/secret/c", "/d"]
            .iter()
            .map(|path| format!("<url><loc>{}</loc></url>", web.url(path)))
            .collect();
        let other = "<url><loc>https://elsewhere.example/x</loc></url>";
        let index =
            format!("<sitemapindex><sitemap><loc>{}</loc></sitemap></sitemapindex>", web.url("/pages.xml"));
        web.put("/index.xml", &index);
        web.put("/pages.xml", &format!("<?xml version=\"1.0\"?><urlset>{other}{listed}</urlset>"));
        web.put(
            "/robots.txt",
            &format!("User-agent: *\nDisallow: /secret\nSitemap: {}\n", web.url("/index.xml")),
        );
        for (path, word) in [("/a", "anchors"), ("/b", "buoys"), ("/secret/c", "codes"), ("/d", "docks")] {
            web.put(path, &page(word, &format!("All about {word}.")));
        }
        let manager = app.staff(Role::Manager).await;
        let body = json!({ "address": web.url("/"), "pages": 3 });
        let added = ok(&manager, "POST", WEB, Some(body)).await;
        assert_eq!(added["items"].as_array().map(Vec::len), Some(3), "{added}");
        app.settle().await;
        let mut seen = Vec::new();
        for item in added["items"].as_array().expect("documents") {
            let read = document(&manager, item["id"].as_str().expect("an identifier")).await;
            let code = read["source"]["problem"]["code"].as_str().unwrap_or("fine").to_owned();
            seen.push((read["status"].as_str().unwrap_or_default().to_owned(), code));
        }
        let fine = ("ready".to_owned(), "fine".to_owned());
        assert_eq!(seen, [fine.clone(), fine, ("failed".to_owned(), "robots".to_owned())]);
        assert_eq!(web.asked("/secret/c"), 0);
        let body = json!({ "address": web.url("/"), "pages": 200 });
        let more = ok(&manager, "POST", WEB, Some(body)).await;
        assert_eq!((more["items"].as_array().map(Vec::len), &more["known"]), (Some(1), &json!(3)));
        app.settle().await;
        let none = json!({ "address": web.url("/a"), "pages": 500 });
        assert_eq!(
            call(&manager, "POST", WEB, Some(none)).await.problem(),
            (422, "invalid_field".to_owned())
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_inside_is_refused_with_the_reason_on_the_document() {
    on_each_engine(async |app| {
        let secret = Web::start().await;
        secret.put("/", &page("Secret", "The password is swordfish."));
        let manager = app.staff(Role::Manager).await;
        let port = secret.address.rsplit(':').next().unwrap_or_default();
        for address in [
            secret.url("/"),
            format!("http://localhost:{port}/"),
            format!("http://[::ffff:127.0.0.1]:{port}/"),
            "http://169.254.169.254/latest/meta-data/".to_owned(),
        ] {
            let read = add(app, &address).await;
            assert_eq!(read["source"]["problem"]["code"], "private_address", "{address}: {read}");
        }
        let site = json!({ "address": secret.url("/"), "pages": 5 });
        assert_eq!(
            call(&manager, "POST", WEB, Some(site)).await.problem(),
            (422, "invalid_value".to_owned())
        );
        for address in ["file:///etc/passwd", "gopher://x.example/", "not an address", ""] {
            let refused = call(&manager, "POST", WEB, Some(json!({ "address": address }))).await;
            assert_eq!(refused.problem(), (422, "invalid_value".to_owned()), "{address}");
        }
        assert_eq!((secret.asked("/"), secret.asked("/robots.txt")), (0, 0));
    })
    .await;
}
