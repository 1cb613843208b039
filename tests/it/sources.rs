//! Documents from files: product map E1, E2, E4, E5.

use concierge::base::{DocumentId, Role};
use concierge::client::{Http, Socket};
use concierge::protocol::{Command, DocumentStatus, ServerFrame, Signal};
use serde_json::{Value, json};

use crate::support::papers::{docx, pdf};
use crate::support::{Answer, App, PATIENCE, call, ok, on_each_engine};

/// Uploads a document.
pub async fn upload(caller: &Http, path: &str, name: &str, bytes: Vec<u8>) -> Answer {
    let part = reqwest::multipart::Part::bytes(bytes).file_name(name.to_owned());
    let form = reqwest::multipart::Form::new().part("file", part);
    let request = reqwest::Client::new().post(format!("{}{path}", caller.base()));
    Answer::of(request.headers(caller.headers().clone()).multipart(form).send().await.expect("an answer"))
        .await
}

/// Uploads a document that is taken; gives its identifier.
pub async fn uploaded(caller: &Http, name: &str, bytes: Vec<u8>) -> String {
    let answer = upload(caller, "/v1/knowledge/documents/upload", name, bytes).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    answer.json()["id"].as_str().expect("an identifier").to_owned()
}

/// A document as it is now.
pub async fn document(caller: &Http, id: &str) -> Value {
    ok(caller, "GET", &format!("/v1/knowledge/documents/{id}"), None).await
}

async fn titles_found(caller: &Http, question: &str) -> Vec<String> {
    let path = format!("/v1/knowledge/search?q={}", question.replace(' ', "%20"));
    let found = ok(caller, "GET", &path, None).await;
    let hits = found["hits"].as_array().expect("hits").iter();
    hits.map(|hit| hit["title"].as_str().unwrap_or_default().to_owned()).collect()
}

/// A colleague's socket that hears of documents.
async fn listening(app: &App) -> Socket {
    let mut desk = app.desk(Role::Staff).await;
    desk.ask(Command::Inbox { on: true }).await.expect("followed");
    desk
}

/// What a colleague hears of a document until it is read or refused.
async fn heard(desk: &mut Socket, id: &str) -> Vec<(DocumentStatus, i64, Option<i64>)> {
    let id: DocumentId = id.parse().expect("an identifier");
    let mut all = Vec::new();
    loop {
        let next = desk.find(PATIENCE, |frame| match frame {
            ServerFrame::Signal(Signal::Document { document, status, page, pages }) if document == id => {
                Some((status, page, pages))
            }
            _ => None,
        });
        let next = next.await.expect("news of the document");
        // A page makes the text change a moment before its source is said to be read.
        let is_last = next.0 == DocumentStatus::Failed || next.0 == DocumentStatus::Ready && next.2.is_some();
        all.push(next);
        if is_last {
            return all;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_found_cited_and_gone_at_once_when_deleted() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let mut desk = listening(app).await;
        let sauna =
            pdf(&["Sauna\nThe sauna is open until ten in the evening.", "Towels\nA towel costs 4 euros."]);
        let id = uploaded(&manager, "spa-guide.pdf", sauna.clone()).await;
        let news = heard(&mut desk, &id).await;
        assert_eq!(news.first(), Some(&(DocumentStatus::Waiting, 0, None)), "{news:?}");
        assert!(news.iter().any(|(status, ..)| *status == DocumentStatus::Reading), "{news:?}");
        assert_eq!(news.last(), Some(&(DocumentStatus::Ready, 2, Some(2))), "{news:?}");
        let read = document(&manager, &id).await;
        assert_eq!((&read["status"], &read["source"]["format"]), (&json!("ready"), &json!("pdf")), "{read}");
        assert_eq!((&read["title"], &read["version"]), (&json!("Spa guide"), &json!(1)));
        assert_eq!(titles_found(&manager, "sauna").await, ["Spa guide"]);

        let sheet = uploaded(&manager, "allergens.docx", docx(&["The pesto holds cashew nuts."])).await;
        app.settle().await;
        assert_eq!(titles_found(&manager, "cashew").await, ["Allergens"]);
        let seen = ok(&manager, "GET", &format!("/v1/knowledge/documents/{sheet}/passages"), None).await;
        assert_eq!(seen["items"][0]["text"], "The pesto holds cashew nuts.");

        let mut customer = app.customer().await;
        let conversation = customer.says("Until when is the sauna open?").await.conversation;
        let draft = app.pending(&manager, conversation).await;
        assert_eq!(draft.citations.first().map(|cited| cited.document.to_string()), Some(id.clone()));
        let uses = ok(&manager, "GET", &format!("/v1/knowledge/documents/{id}/uses"), None).await;
        assert_eq!(uses["items"][0]["draft"], draft.id.to_string());
        assert_eq!(uses["items"][0]["status"], "pending");
        let counts = ok(&manager, "GET", "/v1/knowledge/uses", None).await;
        assert_eq!(counts["items"][0]["document"], id.as_str());
        assert_eq!((&counts["items"][0]["drafts"], &counts["items"][0]["sent"]), (&json!(1), &json!(0)));

        let file = Answer::of(
            manager
                .raw(reqwest::Method::GET, &format!("/v1/knowledge/documents/{id}/file"), None)
                .await
                .expect("it"),
        )
        .await;
        assert_eq!(file.text.as_bytes(), sauna);
        ok(&manager, "DELETE", &format!("/v1/knowledge/documents/{id}"), None).await;
        assert_eq!(titles_found(&manager, "sauna").await, Vec::<String>::new());
        let kept = std::fs::read_dir(app.node.site.config.store.folder.join("files")).expect("the folder");
        assert_eq!(kept.count(), 1, "only the other document's file is left");
        customer.says("And the sauna, until when is it open on Sunday?").await;
        let draft = app.pending(&manager, conversation).await;
        assert!(draft.citations.iter().all(|cited| cited.document.to_string() != id), "{draft:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_text_is_read() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let html = "<!doctype html><html><head><title>Bikes &amp; boats</title></head><body><nav>Menu</nav>\
            <main><h1>Bikes &amp; boats</h1><p>A kayak costs <b>£15</b> an hour.</p><ul><li>Paddle included</li></ul>\
            <script>alert('never')</script></main></body></html>";
        let csv = "Question;Note;Answer\n\"Can I bring\na parrot?\";x;Parrots are welcome.\nEmpty;;\n";
        let latin: Vec<u8> = "Caf\u{e9} menu: the cr\u{e8}me br\u{fb}l\u{e9}e costs 6 pounds, the g\u{e2}teau 5."
            .chars()
            .map(|c| u8::try_from(u32::from(c)).expect("Latin 1"))
            .collect();
        let utf16: Vec<u8> =
            "\u{feff}Das Wasser kostet zwei Euro.".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let markdown = "# Ferry\n\n## Times\n\nThe ferry leaves at noon.";
        for (name, bytes, format, title, has) in [
            ("x.html", html.as_bytes().to_vec(), "html", "Bikes & boats", "A kayak costs **£15** an hour."),
            // The name is not believed.
            ("kayaks.csv", html.replace("15", "16").into_bytes(), "html", "Bikes & boats", "£16"),
            ("faq.csv", csv.as_bytes().to_vec(), "csv", "Faq", "## Can I bring a parrot?\n\nParrots are welcome."),
            ("cafe.txt", latin, "text", "Cafe", "crème brûlée"),
            ("wasser.txt", utf16, "text", "Wasser", "Das Wasser kostet"),
            ("ferry.md", markdown.as_bytes().to_vec(), "markdown", "Ferry", "## Times\n\nThe ferry"),
        ] {
            let id = uploaded(&manager, name, bytes).await;
            app.settle().await;
            let read = document(&manager, &id).await;
            assert_eq!(read["status"], "ready", "{name}: {read}");
            assert_eq!((&read["source"]["format"], &read["title"]), (&json!(format), &json!(title)), "{name}");
            let body = read["body"].as_str().expect("a text");
            assert!(body.contains(has), "{name}: {body}");
            assert!(!body.contains("never") && !body.contains("Menu"), "{name}: {body}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_file_is_another_version_and_an_old_one_comes_back() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let id = uploaded(&manager, "prices.txt", b"A wash costs 9 pounds.".to_vec()).await;
        app.settle().await;
        let path = format!("/v1/knowledge/documents/{id}");
        let answer = upload(
            &manager,
            &format!("{path}/upload"),
            "prices-new.txt",
            b"A wash costs 11 pounds.".to_vec(),
        )
        .await;
        assert_eq!(answer.status, 202);
        app.settle().await;
        let read = document(&manager, &id).await;
        assert_eq!((&read["version"], &read["body"]), (&json!(2), &json!("A wash costs 11 pounds.")));
        assert_eq!((&read["title"], &read["source"]["name"]), (&json!("Prices"), &json!("prices-new.txt")));

        // A file that cannot be read leaves the text of before.
        let broken =
            upload(&manager, &format!("{path}/upload"), "prices.pdf", b"%PDF-1.7 and nothing more".to_vec())
                .await;
        assert_eq!(broken.status, 202);
        app.settle().await;
        let read = document(&manager, &id).await;
        assert_eq!((&read["status"], &read["version"]), (&json!("failed"), &json!(2)), "{read}");
        assert_eq!(read["source"]["problem"]["code"], "broken");
        assert_eq!(titles_found(&manager, "wash").await, ["Prices"]);

        let versions = ok(&manager, "GET", &format!("{path}/versions"), None).await;
        let listed: Vec<_> = versions["items"].as_array().expect("versions").iter().collect();
        assert_eq!(listed.len(), 2);
        assert_eq!((&listed[1]["version"], &listed[1]["file_name"]), (&json!(1), &json!("prices.txt")));
        let first = ok(&manager, "GET", &format!("{path}/versions/1"), None).await;
        assert_eq!(first["body"], "A wash costs 9 pounds.");
        assert_eq!(call(&manager, "GET", &format!("{path}/versions/7"), None).await.problem().0, 404);
        let restored = ok(&manager, "POST", &format!("{path}/versions/1/restore"), None).await;
        assert_eq!((&restored["version"], &restored["body"]), (&json!(3), &json!("A wash costs 9 pounds.")));
        let viewer = app.staff(Role::Staff).await;
        let refused = call(&viewer, "POST", &format!("{path}/versions/2/restore"), None).await;
        assert_eq!(refused.problem(), (403, "forbidden".to_owned()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_or_a_text_that_is_there_already_is_not_added_again() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let text = b"We close on the first Sunday of May.".to_vec();
        let first = uploaded(&manager, "closing.txt", text.clone()).await;
        app.settle().await;
        let again = upload(&manager, "/v1/knowledge/documents/upload", "other-name.txt", text.clone()).await;
        assert_eq!(again.problem(), (409, "conflict".to_owned()));
        assert!(again.text.contains(&first), "it names the document: {again:?}");
        let spaced = [b"\n\n".to_vec(), text].concat();
        let copy = uploaded(&manager, "copy.md", spaced).await;
        app.settle().await;
        let copy = document(&manager, &copy).await;
        assert_eq!(
            (&copy["status"], &copy["source"]["problem"]["code"]),
            (&json!("failed"), &json!("duplicate"))
        );
        let says = copy["source"]["problem"]["says"].as_str().expect("words");
        assert_eq!(says, "It has the same text as “Closing”.");
        let beta = app.staff_of("beta", Role::Manager).await;
        let theirs = uploaded(&beta, "closing.txt", b"We close on the first Sunday of May.".to_vec()).await;
        app.settle().await;
        assert_eq!(document(&beta, &theirs).await["status"], "ready", "another business may have it too");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_overtaken_while_it_is_read_changes_nothing() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let pages: Vec<String> = (0..40).map(|page| format!("Page {page} about lanterns")).collect();
        let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
        let id = uploaded(&manager, "lanterns.pdf", pdf(&pages)).await;
        let path = format!("/v1/knowledge/documents/{id}");
        let answer =
            upload(&manager, &format!("{path}/upload"), "lanterns.txt", b"Lanterns are sold out.".to_vec())
                .await;
        assert_eq!(answer.status, 202);
        app.settle().await;
        assert_eq!(document(&manager, &id).await["body"], "Lanterns are sold out.");

        let id = uploaded(&manager, "lamps.pdf", pdf(&pages[..20])).await;
        ok(&manager, "DELETE", &format!("/v1/knowledge/documents/{id}"), None).await;
        app.settle().await;
        assert_eq!(
            call(&manager, "GET", &format!("/v1/knowledge/documents/{id}"), None).await.problem().0,
            404
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_without_an_answer_are_gathered_and_closed() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        for question in ["Do you rent roof boxes?", "Do you also rent a roof box?", "Can I pay with bitcoin?"]
        {
            app.customer().await.says(question).await;
            app.settle().await;
        }
        let gaps = ok(&manager, "GET", "/v1/knowledge/gaps", None).await;
        let items = gaps["items"].as_array().expect("gaps");
        let asked: Vec<_> =
            items.iter().map(|gap| (gap["question"].as_str(), gap["asked"].as_i64())).collect();
        assert_eq!(
            asked,
            [(Some("Do you rent roof boxes?"), Some(2)), (Some("Can I pay with bitcoin?"), Some(1))]
        );
        let id = items[0]["id"].as_str().expect("an identifier");
        let gap = ok(&manager, "GET", &format!("/v1/knowledge/gaps/{id}"), None).await;
        assert_eq!(gap["examples"].as_array().map(Vec::len), Some(2), "{gap}");

        let article = json!({ "title": "Roof boxes", "body": "We do not rent them.", "language": "en" });
        let article = ok(&manager, "POST", "/v1/knowledge/documents", Some(article)).await;
        let closing = json!({ "document": article["id"] });
        let closed = ok(&manager, "POST", &format!("/v1/knowledge/gaps/{id}/close"), Some(closing)).await;
        assert_eq!((&closed["document"], &closed["closed_by"]), (&article["id"], &json!("Some manager")));
        assert_eq!(ok(&manager, "GET", "/v1/knowledge/gaps", None).await["open"], 1);
        let closed = ok(&manager, "GET", "/v1/knowledge/gaps?closed=true", None).await;
        assert_eq!(closed["items"].as_array().map(Vec::len), Some(1));
        let reopened = ok(&manager, "POST", &format!("/v1/knowledge/gaps/{id}/reopen"), None).await;
        assert_eq!(reopened["closed_at"], Value::Null);
        let beta = app.staff_of("beta", Role::Manager).await;
        assert_eq!(call(&beta, "GET", &format!("/v1/knowledge/gaps/{id}"), None).await.problem().0, 404);
    })
    .await;
}
