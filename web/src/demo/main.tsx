/** @jsxImportSource preact */
// A believable site of a demonstration business, with the widget on it as any site would have it.
import { type JSX, render } from "preact";
import "@/kit/fonts.ts";
import { createRest, type PublicWorkspace } from "@/wire/rest.ts";
import { BellArt, GarageArt, HarbourArt, LindenArt } from "./art.tsx";
import { type Site, sites } from "./sites.ts";
import "./demo.css";

type Concierge = ((...call: readonly unknown[]) => void) & { q?: unknown[][] };
declare global {
  interface Window {
    concierge?: Concierge;
  }
}

/** Calls made before the widget's script is here wait in a list, as in the snippet for customers. */
function ask(text: string): void {
  window.concierge?.("prefill", text);
}

function addWidget({ slug, accent }: PublicWorkspace): void {
  const q: unknown[][] = [];
  const waiting: Concierge = (...call) => void q.push([...call]);
  waiting.q = q;
  window.concierge ??= waiting;
  const script = document.createElement("script");
  script.src = `${location.origin}/widget.js`;
  script.dataset.key = slug;
  script.dataset.accent = accent;
  script.async = true;
  document.body.append(script);
}

function Ask({
  text,
  children,
  kind,
}: {
  readonly text: string;
  readonly children: string;
  readonly kind: string;
}): JSX.Element {
  return (
    <button type="button" class={kind} onClick={() => ask(text)}>
      {children}
    </button>
  );
}

function Art({ kind }: { readonly kind: Site["kind"] }): JSX.Element {
  switch (kind) {
    case "garage":
      return <GarageArt />;
    case "restaurant":
      return <HarbourArt />;
    case "residence":
      return <LindenArt />;
  }
}

function Page({
  site,
  workspace,
}: {
  readonly site: Site;
  readonly workspace: PublicWorkspace;
}): JSX.Element {
  return (
    <div class={`site ${site.kind}`}>
      <header class="top">
        <a class="mark" href="#top">
          {workspace.name}
        </a>
        <nav aria-label="Site">
          <a href="#prices">{site.list.title}</a>
          <a href="#visit">Find us</a>
          <a class="phone" href={`tel:${site.phone.replaceAll(" ", "")}`}>
            {site.phone}
          </a>
        </nav>
      </header>
      <main id="top">
        <section class="hero">
          <div class="words">
            <p class="tagline">{site.tagline}</p>
            <h1>{site.headline}</h1>
            <p class="lead">{site.lead}</p>
            <p class="calls">
              <Ask kind="button" text={site.call.text}>
                {site.call.label}
              </Ask>
              <a class="quiet" href="#prices">
                {site.list.title}
              </a>
            </p>
          </div>
          <div class="picture">
            <Art kind={site.kind} />
          </div>
        </section>
        <section class="list" id="prices">
          <div>
            <h2>{site.list.title}</h2>
            <p>{site.list.lead}</p>
          </div>
          <dl>
            {site.list.lines.map((line) => (
              <div key={line.what}>
                <dt>
                  {line.what}
                  {line.note && <small>{line.note}</small>}
                </dt>
                <dd>{line.price}</dd>
              </div>
            ))}
          </dl>
        </section>
        <section class="cards" aria-label="Good to know">
          {site.cards.map((card) => (
            <article key={card.title}>
              <h3>{card.title}</h3>
              <p>{card.text}</p>
              <Ask kind="link" text={card.ask}>
                {card.ask}
              </Ask>
            </article>
          ))}
        </section>
        <section class="visit" id="visit">
          <div>
            <h2>Find us</h2>
            {site.address.map((line) => (
              <p key={line}>{line}</p>
            ))}
            <p>
              <a href={`tel:${site.phone.replaceAll(" ", "")}`}>{site.phone}</a>
            </p>
          </div>
          <table>
            <caption>Hours</caption>
            <tbody>
              {site.hours.map(([day, time]) => (
                <tr key={day}>
                  <th scope="row">{day}</th>
                  <td>{time}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </main>
      <footer class="foot">
        <p>{workspace.name} is an invented business. This page exists to try Concierge.</p>
        <p>
          <a href="/app">Open the staff desk</a>
          <a href={`/portal/${workspace.slug}`}>The chat as a page</a>
        </p>
      </footer>
    </div>
  );
}

/** For a workspace of your own: what it says of itself. */
function AnyPage({ workspace }: { readonly workspace: PublicWorkspace }): JSX.Element {
  return (
    <div class="site any">
      <header class="top">
        <a class="mark" href="#top">
          {workspace.name}
        </a>
      </header>
      <main id="top">
        <section class="hero">
          <div class="words">
            <p class="tagline">Write to us</p>
            <h1>{workspace.name}</h1>
            <p class="lead">{workspace.greeting}</p>
            <p class="calls">
              {workspace.starters.slice(0, 1).map((starter) => (
                <Ask key={starter} kind="button" text={starter}>
                  {starter}
                </Ask>
              ))}
            </p>
          </div>
          <div class="picture">
            <BellArt />
          </div>
        </section>
        <section class="cards" aria-label="Often asked">
          {workspace.starters.slice(1).map((starter) => (
            <article key={starter}>
              <Ask kind="link" text={starter}>
                {starter}
              </Ask>
            </article>
          ))}
        </section>
      </main>
      <footer class="foot">
        <p>A page to try the chat of {workspace.name}.</p>
        <p>
          <a href="/app">Open the staff desk</a>
          <a href={`/portal/${workspace.slug}`}>The chat as a page</a>
        </p>
      </footer>
    </div>
  );
}

function Nothing({ slug }: { readonly slug: string }): JSX.Element {
  return (
    <main class="nothing">
      <h1>There is no business called “{slug}” here.</h1>
      <p>
        <a href="/app">Go to the staff desk</a>
      </p>
    </main>
  );
}

async function start(root: HTMLElement): Promise<void> {
  const slug = decodeURIComponent(location.pathname.split("/")[2] ?? "");
  try {
    const workspace = await createRest().call<PublicWorkspace>(
      "GET",
      `/v1/widget/${encodeURIComponent(slug)}`,
    );
    document.title = workspace.name;
    document.documentElement.lang = "en";
    document.documentElement.style.setProperty("--accent", workspace.accent);
    const site = sites[slug];
    render(site ? <Page site={site} workspace={workspace} /> : <AnyPage workspace={workspace} />, root);
    addWidget(workspace);
  } catch {
    render(<Nothing slug={slug} />, root);
  }
}

const root = document.getElementById("root");
if (root) void start(root);
