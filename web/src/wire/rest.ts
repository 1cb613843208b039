// The hub's HTTP interface: one typed call, and the shapes of what it gives.

import { Lost, Refused } from "./link.ts";
import type {
  ContactId,
  ContactSummary,
  ConversationId,
  ErrorCode,
  FileId,
  Role,
  StaffId,
  Timestamp,
  WorkspaceId,
} from "./protocol.ts";

export type Page<T> = { readonly items: readonly T[]; readonly next: string | null };

export type FieldProblem = { readonly field: string; readonly says: string };

/** RFC 9457, as the hub writes it. */
export type ProblemBody = {
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail?: string;
  readonly errors?: readonly FieldProblem[];
  readonly retry_after_ms?: number;
};

/** The hub refused a request. */
export class Problem extends Refused {
  readonly status: number;
  readonly errors: readonly FieldProblem[];

  constructor(body: ProblemBody) {
    super({
      code: body.code,
      message: body.detail ?? body.title,
      ...(body.retry_after_ms === undefined ? {} : { retry_after_ms: body.retry_after_ms }),
    });
    this.name = "Problem";
    this.status = body.status;
    this.errors = body.errors ?? [];
  }
}

export type PublicWorkspace = {
  readonly slug: string;
  readonly name: string;
  readonly accent: string;
  readonly assistant_name: string;
  readonly greeting: string;
  readonly starters: readonly string[];
  readonly locale: string;
  readonly open: boolean;
  /** When people are there again, while they are not. */
  readonly opens_at?: Timestamp;
  /** How soon a first answer usually comes, while people are there and enough are known. */
  readonly answers?: readonly [number, "minute" | "hour"];
};

export type FilePolicy = { readonly max_bytes?: number };

export type VisitorSession = {
  readonly visitor_key: string;
  readonly token: string;
  readonly expires_at: Timestamp;
  readonly contact: ContactSummary;
  readonly conversation?: ConversationId | null;
  readonly workspace: PublicWorkspace;
  readonly files: FilePolicy;
};

export type NewVisitorSession = {
  readonly visitor_key?: string;
  readonly name?: string;
  readonly email?: string;
  readonly phone?: string;
  readonly locale?: string;
};

export type Staff = {
  readonly id: StaffId;
  readonly name: string;
  readonly email: string;
  readonly role: Role;
  readonly disabled: boolean;
  /** The colour behind the initials, as a hue. */
  readonly hue?: number;
  /** The file that shows them. */
  readonly picture?: FileId;
  readonly language?: string;
  readonly created_at: Timestamp;
};

export type Hours = { readonly days: readonly string[]; readonly from: string; readonly to: string };

export type Workspace = {
  readonly id: WorkspaceId;
  readonly slug: string;
  readonly name: string;
  readonly timezone: string;
  readonly locale: string;
  readonly country: string;
  readonly accent: string;
  readonly assistant_name: string;
  readonly greeting: string;
  readonly starters: readonly string[];
  readonly hours: readonly Hours[];
  readonly undo_seconds: number;
  readonly allowed_origins: readonly string[];
  readonly agent: string;
  /** How far its owner was led; absent: it came ready. */
  readonly setup?: Setup;
};

export type SetupStep = "business" | "agent" | "knowledge" | "widget" | "team" | "trial";
export type Setup = { readonly [step in SetupStep]?: "done" | "skipped" };

export type Session = {
  readonly staff: Staff;
  readonly workspace: Workspace;
  readonly expires_at: Timestamp;
};

export type Contact = {
  readonly id: ContactId;
  readonly name: string;
  readonly email?: string | null;
  readonly phone?: string | null;
  readonly locale?: string | null;
  readonly note?: string | null;
  readonly created_at: Timestamp;
  readonly last_seen_at?: Timestamp | null;
  readonly conversations: number;
};

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export type Rest = {
  /** Rejects with `Problem` when the hub refuses and with `Lost` when it cannot be reached. */
  readonly call: <T>(method: Method, path: string, body?: unknown) => Promise<T>;
  /** A file's bytes. */
  readonly bytes: (path: string) => Promise<Blob>;
};

export type RestOptions = {
  /** The hub's origin; empty for the page's own. */
  readonly base?: string;
  /** A visitor's token. */
  readonly token?: () => string | undefined;
  readonly fetch?: typeof fetch;
};

export function createRest(options: RestOptions = {}): Rest {
  const { base = "" } = options;

  async function request(method: Method, path: string, body?: unknown): Promise<Response> {
    const token = options.token?.();
    const headers: Record<string, string> = {};
    if (body !== undefined) headers["content-type"] = "application/json";
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    let response: Response;
    try {
      response = await (options.fetch ?? fetch)(base + path, {
        method,
        headers,
        // A visitor is known by the token alone: the widget sends no cookie to another site.
        credentials: options.token ? "omit" : "same-origin",
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch {
      throw new Lost();
    }
    if (!response.ok) throw await problem(response);
    return response;
  }

  return {
    call: async <T>(method: Method, path: string, body?: unknown) => {
      const response = await request(method, path, body);
      if (response.status === 204) return undefined as T;
      return (await response.json()) as T;
    },
    bytes: async (path) => (await request("GET", path)).blob(),
  };
}

/** Why a request was refused, or `Lost` if that says nothing. */
export async function problem(response: Response): Promise<Error> {
  const body: unknown = await response.json().catch(() => undefined);
  if (typeof body === "object" && body !== null && "code" in body) return new Problem(body as ProblemBody);
  if (response.status >= 500 || response.status === 429) return new Lost();
  return new Problem({
    title: `the hub answered ${response.status}`,
    status: response.status,
    code: "internal",
  });
}
