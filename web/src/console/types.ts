/** What the HTTP API answers beyond the socket protocol. */
import type {
  ConversationSummary,
  DocumentStatus,
  DraftStatus,
  DraftView,
  FieldOrigin,
  Notice,
  StageName,
  StageState,
} from "@/wire/protocol";

export type * from "@/wire/protocol";
export type { Contact, Hours, Page, Session, Setup, SetupStep, Staff, Workspace } from "@/wire/rest";

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Day = (typeof DAYS)[number];

/** A place in the approval queue; the draft itself is missing until somebody looks at a row that came by signal. */
export type QueueItem = { readonly draft?: DraftView; readonly conversation: ConversationSummary };

/** An agent that a workspace can have. */
export type OfferedAgent = {
  readonly key: string;
  readonly name: string;
  readonly role: string;
  readonly assistant_name: string;
  readonly greeting: string;
  readonly asks: readonly string[];
  readonly starters: readonly string[];
};

export type NewHub = {
  readonly code: string;
  readonly name: string;
  readonly owner: { readonly name: string; readonly email: string; readonly password: string };
  readonly timezone: string;
  readonly locale: string;
  readonly country: string;
  readonly currency: string;
};

type SpeechEngine = {
  readonly ready: boolean;
  readonly model?: string;
  readonly size?: number;
  readonly sha1?: string;
  readonly missing?: string;
};

export type SpeechStatus = {
  readonly ready: boolean;
  readonly local: SpeechEngine;
  readonly remote: SpeechEngine;
  readonly advice: string;
};

export type ContextField = {
  readonly key: string;
  readonly label: string;
  readonly type: string;
  readonly value?: unknown;
  readonly text?: string;
  readonly confidence: number;
  readonly origin?: FieldOrigin;
  readonly evidence?: string;
  readonly evidence_seq?: number;
  readonly locked: boolean;
  readonly proposal?: { readonly value: unknown; readonly confidence: number; readonly evidence?: string };
  readonly ask: string;
};

export type ContextRecord = {
  readonly id: string;
  readonly schema: {
    readonly id: string;
    readonly key: string;
    readonly name: string;
    readonly version: number;
  };
  readonly status: string;
  readonly completion: number;
  readonly fields: readonly ContextField[];
};

export type ContextAnswer = { readonly records: readonly ContextRecord[] };

export type WorkflowState = {
  readonly key: string;
  readonly label: string;
  readonly colour?: string;
  readonly final?: boolean;
};

export type SchemaDocument = {
  readonly title?: string;
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly "x-workflow"?: {
    readonly initial: string;
    readonly states: readonly WorkflowState[];
    readonly transitions: readonly { readonly from: string; readonly to: string }[];
  };
};

export type FieldSchema = {
  readonly title?: string;
  readonly enum?: readonly string[];
  readonly items?: { readonly enum?: readonly string[] };
  readonly "x-type"?: string;
  readonly "x-labels"?: Readonly<Record<string, string>>;
  readonly "x-hint"?: string;
};

export type Schema = {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly version: number;
  readonly document: SchemaDocument;
};

export type TurnRow = {
  readonly id: string;
  readonly for_seq: number;
  readonly status: string;
  readonly started_at: string;
  readonly micros?: number;
  readonly draft?: string;
  readonly agent_version?: number;
};

export type TurnStage = {
  readonly stage: StageName;
  readonly state: StageState;
  readonly micros: number;
  readonly summary?: string;
  readonly input_hash?: string;
  readonly output?: unknown;
  readonly confidence?: number;
  readonly model?: string;
  readonly prompt_hash?: string;
};

/** One call of a model. */
export type ModelUse = {
  readonly provider: string;
  readonly model: string;
  readonly prompt_tokens: number;
  readonly answer_tokens: number;
  readonly ms: number;
  readonly outcome: string;
};

export type Turn = TurnRow & {
  readonly stages: readonly TurnStage[];
  readonly agent_name?: string;
  readonly prompt?: string;
  readonly uses?: readonly ModelUse[];
};

export type ModelSettings = {
  readonly enabled: boolean;
  readonly tokens_per_day?: number;
  readonly hub_too?: boolean;
};

export type ModelTotals = {
  readonly calls: number;
  readonly answered: number;
  readonly prompt_tokens: number;
  readonly answer_tokens: number;
  /** Millionths of the currency. */
  readonly cost: number;
};

/** The models that draft here, how they stand, and what they cost. */
export type Models = {
  readonly ready: boolean;
  readonly providers: readonly {
    readonly name: string;
    readonly model: string;
    readonly host: string;
    readonly own?: boolean;
    readonly standing: "ready" | "resting" | "trial";
    readonly rests_seconds?: number;
    readonly failures: number;
    readonly last_failure?: string;
  }[];
  readonly settings: ModelSettings;
  readonly hub_tokens_per_day: number;
  readonly left_today?: number;
  readonly currency: string;
  readonly used: {
    readonly today: ModelTotals;
    readonly month: ModelTotals;
    readonly by_intent: readonly (ModelTotals & { readonly intent?: string })[];
  };
};

export type ModelTest = {
  readonly works: boolean;
  readonly says: string;
  readonly first_ms?: number;
  readonly ms: number;
};

export type DocumentSource = {
  readonly kind: "upload" | "page";
  /** The file's name, or the page's address. */
  readonly name: string;
  readonly format?: "pdf" | "docx" | "html" | "markdown" | "text" | "csv";
  readonly size?: number;
  readonly page: number;
  readonly pages?: number;
  readonly broken_pages: number;
  readonly problem?: { readonly code: string; readonly says: string };
  readonly read_at?: string;
  readonly checked_at?: string;
};

export type DocumentRow = {
  readonly id: string;
  readonly title: string;
  readonly language: string;
  readonly version: number;
  readonly passages: number;
  readonly updated_at: string;
  readonly status: DocumentStatus;
  readonly source?: DocumentSource;
};

export type Document = DocumentRow & { readonly body: string };

export type Passage = {
  readonly id: string;
  readonly position: number;
  readonly heading?: string;
  readonly text: string;
};

export type VersionRow = {
  readonly version: number;
  readonly title: string;
  readonly characters: number;
  readonly file_name?: string;
  readonly made_by: string;
  readonly made_at: string;
};

export type Version = VersionRow & { readonly body: string };

export type DocumentUse = {
  readonly draft: string;
  readonly conversation: string;
  readonly title: string;
  readonly quote: string;
  readonly status: DraftStatus;
  readonly at: string;
};

export type UseCount = {
  readonly document: string;
  readonly drafts: number;
  readonly sent: number;
  readonly last_at: string;
};

/** Something customers want, and how they say it. */
export type Intent = {
  readonly key: string;
  readonly label: string;
  readonly examples: readonly string[];
  readonly needs: readonly string[];
  readonly sensitive: boolean;
  readonly sensitive_because: string;
};

export type IntentList = {
  readonly version: number;
  readonly origin: "agent" | "workspace";
  readonly intents: readonly Intent[];
  readonly updated_at?: string;
};

export type Taken = { readonly intent: string; readonly label: string; readonly confidence: number };

/** What a sentence was taken for, and why. */
export type Trial = {
  readonly best: Taken | null;
  readonly present: readonly Taken[];
  readonly ranked: readonly Taken[];
  readonly none: { readonly confidence: number; readonly familiarity: number; readonly threshold: number };
  readonly because: readonly {
    readonly intent: string;
    readonly example: string;
    readonly likeness: number;
  }[];
  readonly steering: { readonly score: number; readonly flag: boolean; readonly reasons: readonly string[] };
  readonly micros: number;
  readonly by: string;
};

export type Gap = {
  readonly id: string;
  readonly question: string;
  readonly asked: number;
  readonly first_at: string;
  readonly last_at: string;
  readonly closed_at?: string;
  readonly closed_by?: string;
  readonly document?: string;
};

export type GapView = Gap & {
  readonly examples: readonly {
    readonly conversation: string;
    readonly seq: number;
    readonly text: string;
    readonly at: string;
  }[];
};

export type Hit = {
  readonly passage: string;
  readonly document: string;
  readonly title: string;
  readonly heading?: string;
  readonly start: number;
  readonly end: number;
  readonly snippet: string;
  readonly score: number;
};

export type ViewFilter = {
  readonly view?: InboxView;
  readonly label?: string;
  readonly status?: string;
  readonly assignee?: string;
  readonly q?: string;
  /** Conditions (`schemas/filter.json`). */
  readonly when?: unknown;
};

export type InboxView = "open" | "mine" | "unassigned" | "waiting" | "snoozed" | "resolved" | "all";

export type SavedView = {
  readonly id: string;
  readonly name: string;
  readonly shared: boolean;
  readonly made_by: string;
  readonly filter: ViewFilter;
  readonly created_at: string;
};

export type Snippet = {
  readonly id: string;
  readonly shortcut: string;
  readonly body: string;
  readonly shared: boolean;
  readonly made_by: string;
  readonly uses: number;
  readonly created_at: string;
};

export type NoticePage = {
  readonly items: readonly Notice[];
  readonly next?: string | null;
  readonly seen: number;
  readonly unread: number;
};

export type Found = {
  readonly conversation: string;
  readonly contact: string;
  readonly seq: number;
  readonly author: string;
  readonly text: string;
  readonly at: string;
};

export type OpenSession = {
  readonly id: string;
  readonly here: boolean;
  readonly agent?: string;
  readonly created_at: string;
  readonly expires_at: string;
};
