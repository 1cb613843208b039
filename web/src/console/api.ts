/** The HTTP API as the console uses it, and its cache keys. */
import { QueryClient, queryOptions } from "@tanstack/react-query";
import { Refused } from "@/wire/link";
import { createRest, type Method } from "@/wire/rest";
import { uploadTo } from "@/wire/upload";
import { again } from "./lib/late";
import type {
  Contact,
  ContextAnswer,
  ContextRecord,
  ConversationSummary,
  Document,
  DocumentRow,
  DocumentUse,
  DraftView,
  Entry,
  Found,
  Gap,
  GapView,
  Held,
  Hit,
  InboxView,
  Intent,
  IntentList,
  ModelSettings,
  Models,
  ModelTest,
  NewHub,
  NoticePage,
  OfferedAgent,
  OpenSession,
  Page,
  Passage,
  QueueItem,
  RejectReason,
  SavedView,
  Schema,
  Session,
  Snippet,
  SpeechStatus,
  Staff,
  Trial,
  Turn,
  TurnRow,
  UseCount,
  Version,
  VersionRow,
  ViewFilter,
  Workspace,
} from "./types";

export const rest = createRest();

export async function call<T>(method: Method, path: string, body?: unknown): Promise<T> {
  try {
    return await rest.call<T>(method, path, body);
  } catch (error) {
    if (error instanceof Refused && error.code === "unauthenticated")
      window.dispatchEvent(new Event("concierge:signed-out"));
    throw error;
  }
}

const get = <T>(path: string) => call<T>("GET", path);
const post = <T>(path: string, body: unknown = {}) => call<T>("POST", path, body);

/** Documents that the list shows at most. */
const MOST_DOCUMENTS = 2_000;

type Params = Readonly<Record<string, string | number | undefined>>;

export function query(params: Params): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    if (value !== undefined && value !== "") search.set(key, String(value));
  }
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}

export type { InboxView };
export type InboxFilter = {
  readonly view: InboxView;
  readonly label?: string | undefined;
  readonly status?: string | undefined;
  readonly assignee?: string | undefined;
  readonly q?: string | undefined;
  readonly when?: string | undefined;
  readonly contact?: string | undefined;
};

export const api = {
  signIn: (form: { workspace?: string; email: string; password: string }) =>
    post<Session>("/v1/session", form),
  setupNeeded: async () => (await get<{ needed: boolean }>("/v1/setup")).needed,
  setUp: (hub: NewHub) => post<Workspace>("/v1/setup", hub),
  agents: async () => (await get<Page<OfferedAgent>>("/v1/setup/agents")).items,
  chooseAgent: (agent: string) => call<Workspace>("PUT", "/v1/setup/agent", { agent }),
  askSample: (question: string) => post<{ conversation: string }>("/v1/setup/sample", { question }),
  signOut: () => call<void>("DELETE", "/v1/session"),
  session: () => get<Session>("/v1/session"),
  conversations: (filter: InboxFilter, cursor?: string) =>
    get<Page<ConversationSummary>>(`/v1/conversations${query({ ...filter, limit: 100, cursor })}`),
  conversation: (id: string) => get<ConversationSummary>(`/v1/conversations/${id}`),
  entries: (id: string, after: number) =>
    get<{ epoch: string; entries: readonly Entry[]; more: boolean }>(
      `/v1/conversations/${id}/entries${query({ after, limit: 200 })}`,
    ),
  resolve: (id: string, resolved: boolean) =>
    post<ConversationSummary>(`/v1/conversations/${id}/resolve`, { resolved }),
  snooze: (id: string, until?: string) =>
    post<ConversationSummary>(`/v1/conversations/${id}/snooze`, until === undefined ? {} : { until }),
  messages: (q: string) => get<Page<Found>>(`/v1/messages${query({ q, limit: 20 })}`),
  notices: (cursor?: string) => get<NoticePage>(`/v1/notices${query({ limit: 30, cursor })}`),
  seeNotices: (seq: number) => post<{ seen: number; unread: number }>("/v1/notices/seen", { seq }),
  views: async () => (await get<Page<SavedView>>("/v1/views")).items,
  addView: (view: { name: string; shared: boolean; filter: ViewFilter }) =>
    post<SavedView>("/v1/views", view),
  changeView: (id: string, change: { name?: string; filter?: ViewFilter }) =>
    call<SavedView>("PATCH", `/v1/views/${id}`, change),
  deleteView: (id: string) => call<void>("DELETE", `/v1/views/${id}`),
  snippets: async () => (await get<Page<Snippet>>("/v1/snippets")).items,
  addSnippet: (snippet: { shortcut: string; body: string; shared: boolean }) =>
    post<Snippet>("/v1/snippets", snippet),
  changeSnippet: (id: string, change: { shortcut?: string; body?: string }) =>
    call<Snippet>("PATCH", `/v1/snippets/${id}`, change),
  deleteSnippet: (id: string) => call<void>("DELETE", `/v1/snippets/${id}`),
  usedSnippet: (id: string) => post<void>(`/v1/snippets/${id}/used`),
  changeProfile: (change: { name?: string; hue?: number; language?: string }) =>
    call<Staff>("PATCH", "/v1/profile", change),
  setPicture: (file?: string) =>
    call<Staff>("PUT", "/v1/profile/picture", file === undefined ? {} : { file }),
  changePassword: (current: string, next: string) =>
    post<void>("/v1/profile/password", { current, new: next }),
  sessions: async () => (await get<Page<OpenSession>>("/v1/profile/sessions")).items,
  endSession: (id: string) => call<void>("DELETE", `/v1/profile/sessions/${id}`),
  context: (id: string) => get<ContextAnswer>(`/v1/conversations/${id}/context`),
  setField: (id: string, field: string, value: unknown, locked?: boolean) =>
    call<ContextRecord>("PUT", `/v1/conversations/${id}/context/${field}`, {
      value,
      ...(locked === undefined ? {} : { locked }),
    }),
  turns: (id: string) => get<readonly TurnRow[]>(`/v1/conversations/${id}/turns`),
  turn: (id: string) => get<Turn>(`/v1/turns/${id}`),
  drafts: () => get<Page<QueueItem>>("/v1/drafts?status=pending&limit=200"),
  draft: (id: string) => get<DraftView>(`/v1/drafts/${id}`),
  edit: (draft: string, revision: number, text: string) =>
    call<DraftView>("PUT", `/v1/drafts/${draft}/edit`, { revision, text }),
  approve: (draft: string, body: { revision: number; hash: string; text?: string }) =>
    post<Held>(`/v1/drafts/${draft}/approve`, body),
  reject: (
    draft: string,
    body: { revision: number; reason: RejectReason; note?: string; rewrite: boolean },
  ) => post<DraftView>(`/v1/drafts/${draft}/reject`, body),
  undo: (draft: string) => post<DraftView>(`/v1/drafts/${draft}/undo`),
  contacts: (q: string, cursor?: string) =>
    get<Page<Contact>>(`/v1/contacts${query({ q, limit: 100, cursor })}`),
  contact: (id: string) => get<Contact>(`/v1/contacts/${id}`),
  addContact: (contact: Partial<Contact>) => post<Contact>("/v1/contacts", contact),
  changeContact: (id: string, change: Partial<Contact>) =>
    call<Contact>("PATCH", `/v1/contacts/${id}`, change),
  documents: async (): Promise<Page<DocumentRow>> => {
    const items: DocumentRow[] = [];
    let cursor: string | undefined;
    do {
      const page = await get<Page<DocumentRow>>(`/v1/knowledge/documents${query({ limit: 200, cursor })}`);
      items.push(...page.items);
      cursor = page.next ?? undefined;
    } while (cursor !== undefined && items.length < MOST_DOCUMENTS);
    return { items, next: null };
  },
  document: (id: string) => get<Document>(`/v1/knowledge/documents/${id}`),
  addDocument: (document: { title: string; body: string; language: string }) =>
    post<Document>("/v1/knowledge/documents", document),
  changeDocument: (id: string, document: { title: string; body: string; language: string }) =>
    call<Document>("PUT", `/v1/knowledge/documents/${id}`, document),
  deleteDocument: (id: string) => call<void>("DELETE", `/v1/knowledge/documents/${id}`),
  uploadDocument: (file: File, progress: (done: number) => void, to?: string) =>
    uploadTo<Document>(
      `/v1/knowledge/documents/${to === undefined ? "" : `${to}/`}upload`,
      undefined,
      file,
      file.name,
      progress,
    ),
  addPages: (address: string, pages: number) =>
    post<{ items: readonly Document[]; known: number }>("/v1/knowledge/documents/web", { address, pages }),
  readAgain: (id: string) => post<Document>(`/v1/knowledge/documents/${id}/read-again`),
  passages: async (id: string) => (await get<Page<Passage>>(`/v1/knowledge/documents/${id}/passages`)).items,
  uses: async (id: string) => (await get<Page<DocumentUse>>(`/v1/knowledge/documents/${id}/uses`)).items,
  useCounts: async () => (await get<Page<UseCount>>("/v1/knowledge/uses")).items,
  versions: async (id: string) =>
    (await get<Page<VersionRow>>(`/v1/knowledge/documents/${id}/versions`)).items,
  version: (id: string, version: number) => get<Version>(`/v1/knowledge/documents/${id}/versions/${version}`),
  restore: (id: string, version: number) =>
    post<Document>(`/v1/knowledge/documents/${id}/versions/${version}/restore`),
  intents: () => get<IntentList>("/v1/intents"),
  saveIntents: (version: number, intents: readonly Intent[]) =>
    call<IntentList>("PUT", "/v1/intents", { version, intents }),
  forgetIntents: () => call<void>("DELETE", "/v1/intents"),
  tryIntents: (text: string, intents?: readonly Intent[]) =>
    post<Trial>("/v1/intents/try", { text, ...(intents ? { intents } : {}) }),
  gaps: (closed: boolean) =>
    get<{ items: readonly Gap[]; open: number }>(`/v1/knowledge/gaps${closed ? "?closed=true" : ""}`),
  gap: (id: string) => get<GapView>(`/v1/knowledge/gaps/${id}`),
  closeGap: (id: string, document?: string) =>
    post<Gap>(`/v1/knowledge/gaps/${id}/close`, document === undefined ? {} : { document }),
  reopenGap: (id: string) => post<Gap>(`/v1/knowledge/gaps/${id}/reopen`),
  ask: (q: string) => get<{ hits: readonly Hit[] }>(`/v1/knowledge/search${query({ q, limit: 12 })}`),
  staff: async () => (await get<Page<Staff>>("/v1/staff")).items,
  addStaff: (staff: { name: string; email: string; role: string; password: string }) =>
    post<Staff>("/v1/staff", staff),
  changeStaff: (id: string, change: Partial<Pick<Staff, "name" | "role" | "disabled">>) =>
    call<Staff>("PATCH", `/v1/staff/${id}`, change),
  workspace: () => get<Workspace>("/v1/workspace"),
  changeWorkspace: (change: Partial<Workspace>) => call<Workspace>("PATCH", "/v1/workspace", change),
  correctTranscript: (file: string, text: string) =>
    call<void>("PUT", `/v1/files/${file}/transcript`, { text }),
  speech: () => get<SpeechStatus>("/v1/speech"),
  models: () => get<Models>("/v1/models"),
  changeModels: (settings: ModelSettings) => call<ModelSettings>("PUT", "/v1/models", settings),
  testModel: (name: string) => post<ModelTest>(`/v1/models/${name}/test`),
  dropProposal: (draft: string, number: number, revision: number, dropped: boolean) =>
    call<DraftView>("PUT", `/v1/drafts/${draft}/proposals/${number}`, { revision, dropped }),
  schemas: () => get<Page<Schema>>("/v1/schemas"),
  changeRule: (id: string, enabled: boolean) => call<unknown>("PATCH", `/v1/rules/${id}`, { enabled }),
  upload: async (file: File, progress: (done: number) => void) =>
    (await again(() => import("@/wire/pieces"))).send({ base: "" }, file, file.name, progress),
};

export const documentFileUrl = (id: string): string => `/v1/knowledge/documents/${id}/file`;

export const fileUrl = (id: string): string => `/v1/files/${id}`;

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 60_000,
      gcTime: 15 * 60_000,
      refetchOnWindowFocus: false,
      retry: (count, error) =>
        count < 2 && (!(error instanceof Refused) || error.code === "internal" || error.code === "busy"),
    },
  },
});

export const ask = {
  session: queryOptions({
    queryKey: ["session"],
    queryFn: api.session,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  }),
  setupNeeded: queryOptions({
    queryKey: ["setup-needed"],
    queryFn: api.setupNeeded,
    staleTime: Number.POSITIVE_INFINITY,
  }),
  agents: queryOptions({
    queryKey: ["agents"],
    queryFn: api.agents,
    staleTime: Number.POSITIVE_INFINITY,
  }),
  inbox: (filter: InboxFilter) =>
    queryOptions({ queryKey: ["inbox", filter], queryFn: () => api.conversations(filter) }),
  drafts: queryOptions({ queryKey: ["drafts"], queryFn: () => api.drafts() }),
  draft: (id: string) => queryOptions({ queryKey: ["draft", id], queryFn: () => api.draft(id) }),
  conversation: (id: string) =>
    queryOptions({ queryKey: ["conversation", id], queryFn: () => api.conversation(id) }),
  context: (id: string) => queryOptions({ queryKey: ["context", id], queryFn: () => api.context(id) }),
  turns: (id: string) =>
    queryOptions({ queryKey: ["turns", id], queryFn: () => api.turns(id), staleTime: 0 }),
  turn: (id: string) =>
    queryOptions({ queryKey: ["turn", id], queryFn: () => api.turn(id), staleTime: 5_000 }),
  messages: (q: string) => queryOptions({ queryKey: ["messages", q], queryFn: () => api.messages(q) }),
  notices: queryOptions({ queryKey: ["notices"], queryFn: () => api.notices() }),
  views: queryOptions({ queryKey: ["views"], queryFn: api.views, staleTime: 5 * 60_000 }),
  snippets: queryOptions({ queryKey: ["snippets"], queryFn: api.snippets, staleTime: 5 * 60_000 }),
  sessions: queryOptions({ queryKey: ["sessions"], queryFn: api.sessions, staleTime: 0 }),
  contacts: (q: string) => queryOptions({ queryKey: ["contacts", q], queryFn: () => api.contacts(q) }),
  contact: (id: string) => queryOptions({ queryKey: ["contact", id], queryFn: () => api.contact(id) }),
  documents: queryOptions({ queryKey: ["documents"], queryFn: api.documents }),
  document: (id: string) => queryOptions({ queryKey: ["document", id], queryFn: () => api.document(id) }),
  passages: (id: string) =>
    queryOptions({ queryKey: ["document", id, "passages"], queryFn: () => api.passages(id) }),
  uses: (id: string) =>
    queryOptions({ queryKey: ["document", id, "uses"], queryFn: () => api.uses(id), staleTime: 5_000 }),
  useCounts: queryOptions({ queryKey: ["use-counts"], queryFn: api.useCounts, staleTime: 30_000 }),
  versions: (id: string) =>
    queryOptions({ queryKey: ["document", id, "versions"], queryFn: () => api.versions(id) }),
  version: (id: string, version: number) =>
    queryOptions({
      queryKey: ["version", id, version],
      queryFn: () => api.version(id, version),
      staleTime: Number.POSITIVE_INFINITY,
    }),
  intents: queryOptions({ queryKey: ["intents"], queryFn: api.intents }),
  gaps: (closed: boolean) =>
    queryOptions({ queryKey: ["gaps", closed], queryFn: () => api.gaps(closed), staleTime: 10_000 }),
  gap: (id: string) => queryOptions({ queryKey: ["gap", id], queryFn: () => api.gap(id), staleTime: 10_000 }),
  hits: (q: string) => queryOptions({ queryKey: ["hits", q], queryFn: () => api.ask(q) }),
  models: queryOptions({ queryKey: ["models"], queryFn: api.models, staleTime: 0 }),
  speech: queryOptions({ queryKey: ["speech"], queryFn: api.speech, staleTime: 5 * 60_000 }),
  staff: queryOptions({ queryKey: ["staff"], queryFn: api.staff, staleTime: 5 * 60_000 }),
  workspace: queryOptions({ queryKey: ["workspace"], queryFn: api.workspace, staleTime: 5 * 60_000 }),
  schemas: queryOptions({ queryKey: ["schemas"], queryFn: api.schemas, staleTime: 5 * 60_000 }),
};
