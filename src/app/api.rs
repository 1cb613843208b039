//! The HTTP surface: every route of every domain, and the document that describes them.

use axum::Router;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContactBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;

use crate::identity::Site;
use crate::{
    agents, automation, contacts, context, conversations, drafts, files, gateway, hooks, identity, knowledge,
    notices, pipeline, rules, schemas, sequences, setup, snippets, views, voice,
};

/// All routes with their descriptions.
fn described(max_file_bytes: usize, max_document_bytes: usize) -> OpenApiRouter<Site> {
    OpenApiRouter::with_openapi(OpenApiBuilder::new().info(info()).build())
        .merge(identity::routes())
        .merge(setup::routes())
        .merge(contacts::routes())
        .merge(conversations::routes())
        .merge(drafts::routes())
        .merge(files::routes(max_file_bytes))
        .merge(voice::routes(max_file_bytes))
        .merge(knowledge::routes(max_document_bytes))
        .merge(schemas::routes())
        .merge(context::routes())
        .merge(rules::routes())
        .merge(automation::routes())
        .merge(agents::intents::routes())
        .merge(agents::bundles::routes())
        .merge(agents::cases::routes())
        .merge(agents::lessons::routes())
        .merge(agents::autopilot::routes())
        .merge(agents::usage::routes())
        .merge(agents::providers::routes())
        .merge(agents::outside::routes())
        .merge(agents::translation::routes())
        .merge(pipeline::routes())
        .merge(pipeline::replay::routes())
        .merge(pipeline::studio::routes())
        .merge(pipeline::evals::routes())
        .merge(notices::routes())
        .merge(snippets::routes())
        .merge(views::routes())
        .merge(hooks::routes())
        .merge(sequences::routes())
        .merge(gateway::routes())
}

fn info() -> utoipa::openapi::Info {
    InfoBuilder::new()
        .title("Concierge")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Real-time conversations with customers, drafts that people approve, and the knowledge, context \
             and rules behind them. Staff sign in with a session cookie, visitors with a bearer token.",
        ))
        .contact(Some(ContactBuilder::new().name(Some("concierge")).build()))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .build()
}

/// The routes, ready to serve.
pub fn api(max_file_bytes: usize, max_document_bytes: usize) -> Router<Site> {
    described(max_file_bytes, max_document_bytes).split_for_parts().0
}

/// The OpenAPI document of all routes.
pub fn openapi() -> OpenApi {
    let mut document = described(usize::MAX / 2, usize::MAX / 2).split_for_parts().1;
    let components = document.components.get_or_insert_default();
    let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("__Host-concierge")));
    let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    components.add_security_scheme("session", cookie);
    components.add_security_scheme("visitor", bearer);
    super::examples::put(&mut document);
    document
}

/// Every method and path of the API: what the tenancy test walks.
pub fn operations() -> Vec<(String, String)> {
    let document = serde_json::to_value(openapi()).unwrap_or_default();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for method in methods.as_object().into_iter().flat_map(|methods| methods.keys()) {
            operations.push((method.to_uppercase(), path.clone()));
        }
    }
    operations
}
