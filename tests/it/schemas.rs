//! Schemas and their versions.

use concierge::base::Role;
use concierge::client::Http;
use concierge::schemas::{self, Error};
use serde_json::{Value, json};

use crate::support::{App, Customer, call, eventually, ok, on_each_engine, on_each_store};

/// A schema with the given fields.
pub(crate) fn document(key: &str, properties: &serde_json::Value) -> String {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": format!("concierge:{key}"),
        "title": "Visit", "type": "object", "properties": properties,
        "x-workflow": {"initial": "new",
            "states": [{"key": "new", "label": "New"}, {"key": "quoted", "label": "Quoted"},
                {"key": "done", "label": "Done", "final": true}],
            "transitions": [{"from": "new", "to": "quoted"}, {"from": "quoted", "to": "done"}]}
    })
    .to_string()
}

#[tokio::test]
async fn a_change_is_a_new_version_and_the_same_again_is_none() {
    on_each_store(async |store| {
        let cx = store.cx();
        let mut tx = store.begin().await;
        let text = |title: &str| json!({"day": {"type": "string", "title": title, "x-type": "date"}});
        let first = schemas::install(&cx, &mut tx, &document("visit", &text("Day"))).await.expect("valid");
        let spaced = document("visit", &text("Day")).replace(',', " ,\n");
        let same = schemas::install(&cx, &mut tx, &spaced).await.expect("valid");
        let second =
            schemas::install(&cx, &mut tx, &document("visit", &text("Which day"))).await.expect("valid");
        let other = schemas::install(&cx, &mut tx, &document("claim", &text("Day"))).await.expect("valid");
        assert_eq!((first.version, same.id, second.version, other.version), (1, first.id, 2, 1));
        let active = schemas::active(&cx, &mut tx).await.expect("read");
        assert_eq!(active.iter().map(|schema| schema.id).collect::<Vec<_>>(), [other.id, second.id]);
        assert_eq!(schemas::get(&cx, &mut tx, first.id).await.expect("kept").fields[0].label, "Day");
    })
    .await;
}

#[tokio::test]
async fn a_workspace_sees_its_own_schemas_only() {
    on_each_store(async |store| {
        let (cx, foreign) = (store.cx(), store.foreign());
        let mut tx = store.begin().await;
        let fields = json!({"day": {"type": "string", "title": "Day", "x-type": "date"}});
        let mine = schemas::install(&cx, &mut tx, &document("visit", &fields)).await.expect("valid");
        assert!(schemas::active(&foreign, &mut tx).await.expect("read").is_empty());
        assert!(matches!(schemas::get(&foreign, &mut tx, mine.id).await, Err(Error::NotFound(_))));
        let theirs = schemas::install(&foreign, &mut tx, &document("visit", &fields)).await.expect("valid");
        assert_eq!((theirs.version, theirs.id == mine.id), (1, false));
    })
    .await;
}

#[tokio::test]
async fn a_wrong_document_changes_nothing() {
    on_each_store(async |store| {
        let cx = store.cx();
        let mut tx = store.begin().await;
        let wrong = document("visit", &json!({"day": {"type": "string", "title": "Day", "x-type": "dat"}}));
        let refused = schemas::install(&cx, &mut tx, &wrong).await.expect_err("an unknown type");
        assert!(refused.to_string().starts_with("properties.day.x-type: \"dat\""), "{refused}");
        assert!(schemas::active(&cx, &mut tx).await.expect("read").is_empty());
    })
    .await;
}

/// A boat hire with everything a document can say.
fn hire() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "concierge:hire",
        "title": "Boat hire", "type": "object",
        "properties": {
            "boat": {"type": "string", "title": "Boat", "x-type": "choice", "enum": ["canoe", "yacht"],
                "x-synonyms": {"canoe": ["kayak"]}},
            "licence": {"type": "string", "title": "Licence", "x-type": "text", "pattern": "^SK-[0-9]{4}$",
                "x-show-if": {"field": "boat", "is": "yacht"},
                "x-require-if": {"all": [{"field": "boat", "is": "yacht"}, {"field": "crew", "gte": 2}]}},
            "crew": {"type": "number", "title": "Crew", "x-type": "number"}
        },
        "required": ["boat"],
        "x-completion": "known(boat) * 0.5 + known(crew) * 0.5",
        "x-priority": "100 / number(crew)",
        "x-workflow": {"initial": "asked",
            "states": [{"key": "asked", "label": "Asked"},
                {"key": "reserved", "label": "Reserved", "on_enter": [{"label": "on-the-water"}],
                    "on_leave": [{"unlabel": "on-the-water"}]},
                {"key": "back", "label": "Back", "final": true}],
            "transitions": [
                {"from": "asked", "to": "reserved", "needs": ["boat"],
                    "when": {"not": {"field": "crew", "gt": 8}}},
                {"from": "reserved", "to": "back", "by": "manager"}]}
    })
}

/// Makes boat hire the only schema of the workspace.
async fn only_hire(manager: &Http) {
    ok(manager, "POST", "/v1/schemas", Some(json!({ "document": hire() }))).await;
    let listed = ok(manager, "GET", "/v1/schemas", None).await;
    for schema in listed["items"].as_array().into_iter().flatten() {
        let key = schema["key"].as_str().unwrap_or_default();
        if key != "hire" {
            let gone = call(manager, "DELETE", &format!("/v1/schemas/{key}"), None).await;
            assert_eq!(gone.status, 204, "{gone:?}");
        }
    }
}

async fn hired(app: &App) -> (Http, Customer) {
    let manager = app.staff(Role::Manager).await;
    only_hire(&manager).await;
    (manager, app.customer().await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_is_made_changed_and_retired_over_http() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let made = ok(&manager, "POST", "/v1/schemas", Some(json!({ "document": hire() }))).await;
        assert_eq!(
            (&made["key"], &made["version"], &made["name"]),
            (&json!("hire"), &json!(1), &json!("Boat hire"))
        );
        let again = call(&manager, "POST", "/v1/schemas", Some(json!({ "document": hire() }))).await;
        assert_eq!(again.problem(), (409, "conflict".to_owned()));

        let mut first = hire();
        first["properties"]["crew"]["title"] = json!("People on board");
        let change = json!({ "base_version": 1, "document": first });
        let changed = ok(&manager, "PUT", "/v1/schemas/hire", Some(change.clone())).await;
        assert_eq!(changed["version"], 2);
        let same = ok(&manager, "PUT", "/v1/schemas/hire", Some(change)).await;
        assert_eq!(same["version"], 2, "a save that is sent again is no new version");

        // A colleague who began from version 1 gets both versions, and nothing is lost.
        let mut second = hire();
        second["title"] = json!("Boats");
        let stale = json!({ "base_version": 1, "document": second });
        let refused = call(&manager, "PUT", "/v1/schemas/hire", Some(stale)).await;
        assert_eq!(refused.problem(), (409, "conflict".to_owned()));
        let both = refused.json();
        assert_eq!(both["yours"]["title"], "Boats");
        assert_eq!(both["current"]["document"]["properties"]["crew"]["title"], "People on board");
        assert_eq!(both["current"]["version"], 2);

        let versions = ok(&manager, "GET", "/v1/schemas/hire/versions", None).await;
        let numbers: Vec<_> =
            versions["items"].as_array().into_iter().flatten().map(|one| &one["version"]).collect();
        assert_eq!(numbers, [&json!(2), &json!(1)]);
        let old = ok(&manager, "GET", "/v1/schemas/hire?version=1", None).await;
        assert_eq!(old["document"]["properties"]["crew"]["title"], "Crew");

        assert_eq!(call(&manager, "DELETE", "/v1/schemas/hire", None).await.status, 204);
        assert_eq!(call(&manager, "GET", "/v1/schemas/hire", None).await.problem().0, 404);
        let back = ok(&manager, "POST", "/v1/schemas", Some(json!({ "document": hire() }))).await;
        assert_eq!(back["version"], 3, "the versions go on");

        let staff = app.staff(Role::Staff).await;
        let body = Some(json!({ "document": hire() }));
        assert_eq!(call(&staff, "POST", "/v1/schemas", body).await.problem().0, 403);
        assert_eq!(call(&staff, "DELETE", "/v1/schemas/hire", None).await.problem().0, 403);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_documents_are_refused_and_the_place_is_named() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let wrong = [
            (
                "/properties/boat/x-type",
                json!("vessel"),
                "properties.boat.x-type: \"vessel\" is not a field type",
            ),
            (
                "/properties/licence/pattern",
                json!("((a{100}){100}){100}"),
                "properties.licence.pattern: this regular expression is too large",
            ),
            (
                "/properties/licence/pattern",
                json!("(a)\\1"),
                "properties.licence.pattern: this is not a regular expression we can run",
            ),
            ("/x-completion", json!("1 / 0"), "x-completion: at character 5: a divisor"),
            ("/x-priority", json!("known(mast)"), "x-priority: there is no field \"mast\""),
            ("/x-workflow/transitions/1/from", json!("asked"), ""),
            (
                "/x-workflow/transitions/1",
                json!({"from": "asked", "to": "reserved"}),
                "no way leads from \"asked\" to \"back\"",
            ),
            (
                "/x-workflow/transitions/1/by",
                json!("captain"),
                "x-workflow.transitions[1].by: \"captain\" is not a role",
            ),
            (
                "/x-workflow/transitions/0/needs",
                json!(["sail"]),
                "x-workflow.transitions[0].needs: there is no field",
            ),
            (
                "/properties/boat",
                json!({"type": "string", "title": "Boat", "x-type": "text",
                "x-show-if": {"field": "licence", "known": true}}),
                "wait for each other: boat → licence → boat",
            ),
            (
                "/properties/licence/x-show-if",
                json!({"field": "boat", "gt": "canoe"}),
                "properties.licence.x-show-if: one comparison is needed",
            ),
            (
                "/properties/licence/x-show-if",
                json!({"field": "boat", "is": "raft"}),
                "properties.licence.x-show-if.is: \"raft\" is not one of",
            ),
            ("/$id", json!("concierge:preview"), "$id: \"concierge:preview\" is a name we keep"),
        ];
        for (pointer, value, says) in wrong {
            let mut document = hire();
            *document.pointer_mut(pointer).expect("the place is there") = value;
            let body = Some(json!({ "document": document }));
            let checked = ok(&manager, "POST", "/v1/schemas/check", body.clone()).await;
            if says.is_empty() {
                assert_eq!(checked["problems"], json!([]), "{pointer}");
                continue;
            }
            let refused = call(&manager, "POST", "/v1/schemas", body).await;
            assert_eq!(refused.problem(), (422, "invalid_value".to_owned()), "{pointer}");
            let detail = refused.json()["detail"].as_str().unwrap_or_default().to_owned();
            assert!(detail.contains(says), "{pointer}: {detail}");
            let problems = checked["problems"].as_array().map_or(0, Vec::len);
            assert!(problems > 0, "{pointer}: {checked}");
        }
        let kept = ok(&manager, "GET", "/v1/schemas", None).await;
        assert!(kept["items"].as_array().is_some_and(|kept| kept.iter().all(|one| one["key"] != "hire")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_depend_on_fields_and_formulas_are_contained() {
    on_each_engine(async |app| {
        let (manager, mut customer) = hired(app).await;
        let conversation = customer.says("Good morning!").await.conversation;
        app.settle().await;
        let path = format!("/v1/conversations/{conversation}/context");
        let record = async || ok(&manager, "GET", &path, None).await["records"][0].clone();
        let set = async |field: &str, value: Value| {
            call(&manager, "PUT", &format!("{path}/{field}"), Some(json!({ "value": value }))).await
        };
        let empty = record().await;
        assert_eq!(empty["fields"][1]["hidden"], true, "no licence before a yacht is wanted");
        assert_eq!(empty["trouble"], "x-priority: 100 is divided by 0");
        assert_eq!((&empty["completion"], empty.get("priority")), (&json!(0.0), None));

        assert_eq!(set("boat", json!("yacht")).await.status, 200);
        assert_eq!(set("crew", json!(4)).await.status, 200);
        let full = record().await;
        let licence = &full["fields"][1];
        assert_eq!((licence.get("hidden"), &licence["required"]), (None, &json!(true)));
        assert_eq!((&full["completion"], &full["priority"]), (&json!(1.0), &json!(25.0)));
        assert_eq!(set("licence", json!("none")).await.problem().0, 422);
        assert_eq!(set("licence", json!("SK-1234")).await.status, 200);
        assert_eq!(set("boat", json!("canoe")).await.status, 200);
        assert_eq!(record().await["fields"][1]["hidden"], true);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_refuses_what_its_rules_do_not_allow_and_says_which() {
    on_each_engine(async |app| {
        let (manager, mut customer) = hired(app).await;
        let staff = app.staff(Role::Staff).await;
        let conversation = customer.says("Good morning!").await.conversation;
        app.settle().await;
        let own = format!("/v1/conversations/{conversation}");
        let go = async |who: &Http, to: &str| {
            call(who, "POST", &format!("{own}/status"), Some(json!({ "status": to }))).await
        };
        let set = async |field: &str, value: Value| {
            ok(&manager, "PUT", &format!("{own}/context/{field}"), Some(json!({ "value": value }))).await
        };
        let says = |refused: crate::support::Answer| {
            assert_eq!(refused.problem(), (409, "illegal_move".to_owned()));
            refused.json()["detail"].as_str().unwrap_or_default().to_owned()
        };
        assert!(
            says(go(&staff, "back").await)
                .contains("does not go from \"asked\" to \"back\"; from there it goes to reserved")
        );
        assert_eq!(says(go(&staff, "reserved").await), "Asked → Reserved: Boat must be known");
        set("boat", json!("canoe")).await;
        set("crew", json!(9)).await;
        assert_eq!(says(go(&staff, "reserved").await), "Asked → Reserved: only if not (Crew is more than 8)");
        let moves = ok(&staff, "GET", &format!("{own}/moves"), None).await;
        assert_eq!(moves["items"][0]["blocked"], "Asked → Reserved: only if not (Crew is more than 8)");
        set("crew", json!(2)).await;
        let moved = go(&staff, "reserved").await;
        assert_eq!(moved.status, 200, "{moved:?}");
        assert_eq!(moved.json()["labels"], json!(["on-the-water"]), "entering put the label on");
        assert_eq!(
            says(go(&staff, "back").await),
            "Reserved → Back: it needs the role manager, you are staff"
        );
        let board = ok(&staff, "GET", "/v1/schemas/hire/board", None).await;
        let counts: Vec<_> =
            board["items"].as_array().into_iter().flatten().map(|column| &column["count"]).collect();
        assert_eq!(counts, [&json!(0), &json!(1), &json!(0)]);
        let back = go(&manager, "back").await;
        assert_eq!((back.status, &back.json()["labels"]), (200, &json!([])), "leaving took the label off");

        let figures = ok(&staff, "GET", "/v1/schemas/hire/statistics?days=7", None).await;
        assert_eq!(figures["conversations"], 1);
        assert_eq!(
            figures["fields"][2],
            json!({ "field": "crew", "label": "Crew", "known": 1, "by_person": 1, "corrections": 1 })
        );
        assert_eq!(
            (&figures["statuses"][0]["stays"], &figures["statuses"][2]["now"]),
            (&json!(1), &json!(1))
        );
    })
    .await;
}

/// Fills the past and waits until that is done.
async fn filled(manager: &Http) -> Value {
    let begun = call(manager, "POST", "/v1/schemas/hire/fill", None).await;
    assert_eq!((begun.status, &begun.json()["state"]), (202, &json!("running")));
    done(manager).await
}

/// How far filling got, once it has ended.
async fn done(manager: &Http) -> Value {
    eventually("the end", async || {
        let fill = ok(manager, "GET", "/v1/schemas/hire/fill", None).await;
        (fill["state"] != "running").then_some(fill)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_that_customers_fill_already_are_suggested_with_their_share() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        only_hire(&manager).await;
        let said = [
            "A kayak please, my mail is ana@mail.example.",
            "Write to ben@mail.example about the canoe.",
            "It is cleo@mail.example, for 3 people.",
            "Good morning!",
        ];
        for text in said {
            app.customer().await.says(text).await;
        }
        app.settle().await;
        let found = ok(&manager, "GET", "/v1/schemas/hire/suggestions?least=0.5", None).await;
        let items = found["items"].as_array().cloned().unwrap_or_default();
        let mail = items.iter().find(|one| one["field"] == "email").unwrap_or_else(|| panic!("{found}"));
        assert_eq!((&mail["conversations"], &mail["share"]), (&json!(3), &json!(0.75)));
        assert_eq!(mail["examples"].as_array().map(Vec::len), Some(3));
        // What is accepted fills as was said.
        let mut wider = hire();
        wider["properties"]["email"] = mail["property"].clone();
        let preview = ok(&manager, "POST", "/v1/schemas/preview", Some(json!({ "document": wider }))).await;
        let field = preview["fields"].as_array().into_iter().flatten().find(|one| one["field"] == "email");
        assert_eq!(field.map(|field| field["after"].clone()), Some(json!(3)), "{preview}");
        ok(&manager, "PUT", "/v1/schemas/hire", Some(json!({ "base_version": 1, "document": wider }))).await;
        let again = ok(&manager, "GET", "/v1/schemas/hire/suggestions?least=0.5", None).await;
        assert!(!again.to_string().contains("\"email\""), "what is there is not suggested: {again}");
        let rare = ok(&manager, "GET", "/v1/schemas/hire/suggestions?least=0.9", None).await;
        assert_eq!(rare["items"], json!([]));
        assert_eq!(call(&manager, "GET", "/v1/schemas/hire/suggestions?least=7", None).await.status, 422);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_that_are_always_the_same_few_are_suggested_as_choices() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        only_hire(&manager).await;
        let mut free = hire();
        free["properties"]["pier"] = json!({"type": "string", "title": "Pier", "x-type": "text"});
        ok(&manager, "PUT", "/v1/schemas/hire", Some(json!({ "base_version": 1, "document": free }))).await;
        let said = ["North", "north", "South", "North", "South", "south", "The one with the flag"];
        for pier in said {
            let conversation = app.customer().await.says("Good morning!").await.conversation;
            let path = format!("/v1/conversations/{conversation}/context/pier");
            ok(&manager, "PUT", &path, Some(json!({ "value": pier }))).await;
        }
        app.settle().await;
        let found = ok(&manager, "GET", "/v1/schemas/hire/suggestions?least=0.5", None).await;
        let items = found["items"].as_array().cloned().unwrap_or_default();
        let pier = items.iter().find(|one| one["field"] == "pier").unwrap_or_else(|| panic!("{found}"));
        assert_eq!((&pier["becomes_choice"], &pier["conversations"]), (&json!(true), &json!(6)));
        assert_eq!(pier["property"]["x-type"], "choice");
        let choices = pier["property"]["enum"].as_array().map(Vec::len);
        assert_eq!(choices, Some(2), "what was said once is no choice: {pier}");
        // What is accepted is a document, and holds what was known.
        let mut chosen = free.clone();
        chosen["properties"]["pier"] = pier["property"].clone();
        ok(&manager, "PUT", "/v1/schemas/hire", Some(json!({ "base_version": 2, "document": chosen }))).await;
        let again = ok(&manager, "GET", "/v1/schemas/hire/suggestions?least=0.5", None).await;
        assert!(!again.to_string().contains("\"pier\""), "what is a choice is not suggested: {again}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_that_colleagues_use_like_states_are_suggested_as_states() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        only_hire(&manager).await;
        for number in 0..4 {
            let conversation = app.customer().await.says("Good morning!").await.conversation;
            let labels = if number < 3 { json!(["waits-for-parts", "Asked"]) } else { json!(["rare"]) };
            let path = format!("/v1/conversations/{conversation}/labels");
            ok(&manager, "POST", &path, Some(json!({ "add": labels }))).await;
        }
        app.settle().await;
        let found = ok(&manager, "GET", "/v1/schemas/hire/suggestions?least=0.5", None).await;
        let states = found["states"].as_array().cloned().unwrap_or_default();
        assert_eq!(states.len(), 1, "what is a state already, or rare, is not suggested: {found}");
        assert_eq!(
            (&states[0]["key"], &states[0]["label"], &states[0]["conversations"], &states[0]["share"]),
            (&json!("waits_for_parts"), &json!("Waits for parts"), &json!(3), &json!(0.75))
        );
        assert_eq!(states[0]["examples"].as_array().map(Vec::len), Some(3));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filling_goes_on_by_itself_after_a_restart_and_stops_when_somebody_says_so() {
    for engine in [concierge::ports::db::Engine::Sqlite, concierge::ports::db::Engine::Postgres] {
        let clock = crate::support::manual_clock();
        let mut app = App::start(engine, |_, options| options.clock = clock.clone()).await;
        let manager = app.staff(Role::Manager).await;
        only_hire(&manager).await;
        let mut customers = Vec::new();
        for _ in 0..25 {
            let mut customer = app.customer().await;
            customer.says("Could we have a kayak?").await;
            customers.push(customer);
        }
        app.settle().await;
        drop(customers);
        // What the turns read is taken back, so that there is something to fill.
        let list = ok(&manager, "GET", "/v1/conversations?view=all&limit=100", None).await;
        let ids: Vec<String> = list["items"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|row| row["id"].as_str().map(str::to_owned))
            .collect();
        assert_eq!(ids.len(), 25);
        for id in &ids {
            let clear = json!({"value": null, "locked": false});
            ok(&manager, "PUT", &format!("/v1/conversations/{id}/context/boat"), Some(clear)).await;
        }
        let begun = ok(&manager, "POST", "/v1/schemas/hire/fill", None).await;
        assert_eq!((&begun["state"], &begun["total"]), (&json!("running"), &json!(25)));
        app = app.restart_at(&clock).await;
        // A step that the stop interrupted was leased; the lease lapses.
        clock.advance(std::time::Duration::from_secs(3_600));
        let manager = app.staff(Role::Manager).await;
        let fill = done(&manager).await;
        assert_eq!((&fill["state"], &fill["done"]), (&json!("done"), &json!(25)), "{fill}");
        for id in &ids {
            let context = ok(&manager, "GET", &format!("/v1/conversations/{id}/context"), None).await;
            assert!(context.to_string().contains("kayak"), "{context}");
        }
        let stopped = ok(&manager, "DELETE", "/v1/schemas/hire/fill", None).await;
        assert_eq!(stopped["state"], "done", "what is done is not stopped");
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_tried_previewed_and_filled_over_the_past() {
    on_each_engine(async |app| {
        let (manager, mut customer) = hired(app).await;
        let conversation = customer
            .says("Could we have a kayak for 3 people? My mail is ana@mail.example.")
            .await
            .conversation;
        app.settle().await;
        let mut wider = hire();
        wider["properties"]["mail"] = json!({"type": "string", "title": "E-mail", "x-type": "email"});
        let trial = json!({ "document": wider, "conversation": conversation });
        let found = ok(&manager, "POST", "/v1/schemas/test", Some(trial)).await;
        let mail = found["findings"].as_array().into_iter().flatten().find(|one| one["field"] == "mail");
        let mail = mail.unwrap_or_else(|| panic!("{found}"));
        assert_eq!((&mail["value"], &mail["seq"]), (&json!("ana@mail.example"), &json!(1)));
        let typed = json!({ "document": wider, "text": "write to ben@mail.example" });
        let found = ok(&manager, "POST", "/v1/schemas/test", Some(typed)).await;
        assert_eq!(found["findings"][0]["value"], "ben@mail.example");
        let none = call(&manager, "POST", "/v1/schemas/test", Some(json!({ "document": wider }))).await;
        assert_eq!(none.problem().0, 422);

        let of = |preview: &Value, key: &str| {
            let field = preview["fields"].as_array().into_iter().flatten().find(|one| one["field"] == key);
            field.cloned().unwrap_or_else(|| panic!("no {key} in {preview}"))
        };
        let by_hand = json!({ "value": "yacht" });
        ok(&manager, "PUT", &format!("/v1/conversations/{conversation}/context/boat"), Some(by_hand)).await;
        let preview = ok(&manager, "POST", "/v1/schemas/preview", Some(json!({ "document": wider }))).await;
        assert_eq!(preview["conversations"], 1);
        let mail = of(&preview, "mail");
        assert_eq!((&mail["before"], &mail["after"]), (&json!(0), &json!(1)));
        let boat = of(&preview, "boat");
        assert_eq!(boat["disagreements"], 1, "a person said something else: {preview}");
        assert_eq!(
            (&boat["examples"][0]["now"], &boat["examples"][0]["read"]),
            (&json!("yacht"), &json!("canoe"))
        );

        let change = json!({ "base_version": 1, "document": wider });
        ok(&manager, "PUT", "/v1/schemas/hire", Some(change)).await;
        let never = call(&manager, "GET", "/v1/schemas/hire/fill", None).await;
        assert_eq!((never.status, never.json()), (200, Value::Null), "it was never begun");
        let nobodys = call(&manager, "GET", "/v1/schemas/none/fill", None).await;
        assert_eq!(nobodys.problem(), (404, "not_found".to_owned()));
        let filled = filled(&manager).await;
        assert_eq!((&filled["done"], &filled["total"]), (&json!(1), &json!(1)));
        assert_eq!(filled["changed"], 1, "only what was empty: {filled}");
        assert_eq!(self::filled(&manager).await["changed"], 0);
        let context = ok(&manager, "GET", &format!("/v1/conversations/{conversation}/context"), None).await;
        let fields = context["records"][0]["fields"].as_array().cloned().unwrap_or_default();
        let value =
            |key: &str| fields.iter().find(|field| field["key"] == key).map(|field| field["value"].clone());
        assert_eq!((value("mail"), value("boat")), (Some(json!("ana@mail.example")), Some(json!("yacht"))));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_of_a_field_is_complete_and_going_back_is_a_change() {
    on_each_engine(async |app| {
        let (manager, mut customer) = hired(app).await;
        let conversation = customer.says("A kayak please.").await.conversation;
        app.settle().await;
        let path = format!("/v1/conversations/{conversation}/context/boat");
        ok(&manager, "PUT", &path, Some(json!({ "value": "yacht" }))).await;
        ok(&manager, "PUT", &path, Some(json!({ "value": null, "locked": false }))).await;
        let history = async || {
            let listed = ok(&manager, "GET", &format!("{path}/history"), None).await;
            listed["items"].as_array().cloned().unwrap_or_default()
        };
        let steps = history().await;
        let values: Vec<_> = steps.iter().map(|step| step.get("to").cloned()).collect();
        assert_eq!(values, [None, Some(json!("yacht")), Some(json!("canoe"))]);
        assert_eq!(steps[2]["origin"], "extracted");
        assert_eq!(steps[2]["evidence"].as_str().map(str::to_lowercase).as_deref(), Some("kayak"));
        let back =
            ok(&manager, "POST", &format!("{path}/revert"), Some(json!({ "seq": steps[2]["seq"] }))).await;
        assert_eq!(
            (&back["fields"][0]["value"], &back["fields"][0]["origin"]),
            (&json!("canoe"), &json!("person"))
        );
        let after = history().await;
        assert_eq!((after.len(), &after[1..]), (4, &steps[..]), "nothing of the past was changed");
        let nowhere = call(&manager, "POST", &format!("{path}/revert"), Some(json!({ "seq": 1 }))).await;
        assert_eq!(nowhere.problem().0, 404);
    })
    .await;
}
