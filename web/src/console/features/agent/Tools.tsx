import { queryOptions, useQuery } from "@tanstack/react-query";
import { Plug } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { call, queries } from "../../api";
import { dayClock } from "../../lib/format";
import { refusal } from "../../lib/refusal";
import { Icon, Segments } from "../../parts/basics";
import { CardForm } from "../../parts/CardForm";
import { Field } from "../../parts/Field";
import { complain, toast } from "../../parts/toast";
import { Words } from "./Differences";
import { renewAgent } from "./model";
import "./tools.css";
import "./tools-texts";

type Policy = "off" | "read" | "ask";
type Shape = {
  readonly title?: string;
  readonly description: string;
  readonly parameters: unknown;
  readonly says_it_reads: boolean;
};
type Tool = {
  readonly name: string;
  readonly called: string;
  readonly shape: Shape;
  readonly hash: string;
  readonly policy: Policy;
  readonly standing: "on" | "off" | "changed" | "gone" | "unusable";
  readonly unusable?: string;
  readonly before?: Shape;
  readonly decided_at?: string;
  readonly decided_by_name?: string;
};
type Server = {
  readonly name: string;
  readonly address: string;
  readonly header: string;
  readonly has_secret: boolean;
  readonly enabled: boolean;
  readonly looked_at?: string;
  readonly problem?: string;
  readonly tools: readonly Tool[];
};

const askServers = queryOptions({
  queryKey: ["tool-servers"],
  queryFn: () =>
    call<{ items: readonly Server[]; keeps_secrets: boolean; allowed: boolean }>("GET", "/v1/tool-servers"),
  staleTime: 0,
});

const place = (server: string) => `/v1/tool-servers/${encodeURIComponent(server)}`;
const renew = () => Promise.all([queries.invalidateQueries({ queryKey: askServers.queryKey }), renewAgent()]);

/** Tools from outside: servers, what they offer, and what the agent may do with each. */
export function Tools() {
  const { t } = useTranslation("tools");
  const { data, error } = useQuery(askServers);
  const [open, setOpen] = useState<string | "new">();
  if (error) return <p className="err">{refusal(error)}</p>;
  if (!data) return <p className="text-ink3" role="status" aria-busy="true" />;
  const form = (one: Server | undefined) => (
    <Form one={one} keeps={data.keeps_secrets} onClose={() => setOpen(undefined)} />
  );
  return (
    <div className="tools" data-servers={data.items.length}>
      <p className="max-w-[62ch] text-ink2">{t("text")}</p>
      {data.allowed ? null : (
        <p className="max-w-[62ch] font-[560]" role="note">
          {t("off")}
        </p>
      )}
      {data.items.length === 0 && open === undefined ? (
        <div className="rcard noserver">
          <Icon of={Plug} />
          <p className="font-[560]">{t("none")}</p>
          <p className="text-ink2">{t("noneText")}</p>
        </div>
      ) : null}
      {data.items.map((one) =>
        open === one.name ? (
          <div key={one.name}>{form(one)}</div>
        ) : (
          <One key={one.name} one={one} onChange={() => setOpen(one.name)} />
        ),
      )}
      {open === "new" ? (
        form(undefined)
      ) : (
        <p>
          <button type="button" className="btn line" onClick={() => setOpen("new")}>
            {t("add")}
          </button>
        </p>
      )}
      <p className="hint max-w-[62ch]">{t("private")}</p>
    </div>
  );
}

function One({ one, onChange }: { one: Server; onChange: () => void }) {
  const { t } = useTranslation("tools");
  const [busy, setBusy] = useState(false);

  async function handleLook() {
    setBusy(true);
    try {
      await call("POST", `${place(one.name)}/look`);
      await renew();
    } catch (error) {
      complain(refusal(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <section className="server" aria-label={one.name} data-server={one.name}>
      <div className="head">
        <h3>
          <bdi>{one.name}</bdi>
          {one.enabled ? null : <span className="tag">{t("disabled")}</span>}
        </h3>
        <button type="button" className="btn line" disabled={busy} onClick={() => void handleLook()}>
          {t(busy ? "looking" : "look")}
          <span className="sr-only">: {one.name}</span>
        </button>
        <button type="button" className="btn line" onClick={onChange}>
          {t("change")}
          <span className="sr-only">: {one.name}</span>
        </button>
      </div>
      <p className="text-small text-ink3">
        <bdi className="break-all">{one.address}</bdi>
        {" · "}
        <span className="num">
          {one.looked_at ? t("lookedAt", { at: dayClock(one.looked_at) }) : t("neverLooked")}
        </span>
      </p>
      <div role="status">
        {one.problem ? (
          <p className="err" data-problem>
            {t("problem", { says: one.problem })}
          </p>
        ) : null}
      </div>
      {one.looked_at && !one.problem && one.tools.length === 0 ? (
        <p className="text-ink3">{t("noTools")}</p>
      ) : null}
      <ul aria-label={t("tools", { name: one.name })}>
        {one.tools.map((tool) => (
          <ToolRow key={tool.name} server={one.name} tool={tool} />
        ))}
      </ul>
    </section>
  );
}

const POLICIES: readonly Policy[] = ["off", "read", "ask"];

function ToolRow({ server, tool }: { server: string; tool: Tool }) {
  const { t } = useTranslation("tools");
  const { shape, before, standing } = tool;
  const usable = standing !== "gone" && standing !== "unusable";

  async function decide(policy: Policy) {
    try {
      await call("PUT", `${place(server)}/tools/${encodeURIComponent(tool.name)}`, {
        policy,
        hash: tool.hash,
      });
      toast(t(`decidedToast.${policy}`));
    } catch (error) {
      complain(refusal(error));
    }
    await renew();
  }

  return (
    <li data-tool={tool.name} data-standing={standing}>
      <div className="head">
        <p className="font-[560]">
          <bdi>{shape.title ?? tool.name}</bdi>
          <span className="tag" data-standing={standing}>
            {t(`standing.${standing}`)}
          </span>
        </p>
        {usable ? (
          <Segments
            label={t("policy", { name: tool.name })}
            value={tool.policy}
            options={POLICIES.map((value) => ({ value, label: t(`policyOf.${value}`) }))}
            onChange={(policy) => void decide(policy)}
          />
        ) : null}
      </div>
      <p className="told" dir="auto">
        {shape.description}
      </p>
      {tool.unusable ? <p className="err">{tool.unusable}</p> : null}
      {standing === "changed" && before ? (
        <div className="changed">
          <p className="font-[560]">{t("wasNow")}</p>
          <Words from={told(before)} to={told(shape)} />
          <button type="button" className="btn line" onClick={() => void decide(tool.policy)}>
            {t("asIs")}: {t(`policyOf.${tool.policy}`)}
            <span className="sr-only">: {tool.name}</span>
          </button>
        </div>
      ) : null}
      <p className="text-small text-ink3">
        {usable ? `${t(`policySays.${tool.policy}`)} ` : ""}
        {t(shape.says_it_reads ? "saysReads" : "saysNothing")}
        {tool.decided_at
          ? ` ${t("decided", { name: tool.decided_by_name ?? "", at: dayClock(tool.decided_at) })}`
          : ""}
      </p>
      <details>
        <summary>
          {t("arguments")}
          <span className="sr-only">: {tool.name}</span>
        </summary>
        <pre dir="ltr">{JSON.stringify(shape.parameters, undefined, 2)}</pre>
      </details>
    </li>
  );
}

/** Everything of a tool that a model is told, in words that can be compared. */
function told(shape: Shape): string {
  const reads = shape.says_it_reads ? "reads only" : "";
  return [shape.title ?? "", shape.description, JSON.stringify(shape.parameters), reads]
    .filter((part) => part !== "")
    .join("\n");
}

function Form(props: { one: Server | undefined; keeps: boolean; onClose: () => void }) {
  const { t } = useTranslation("tools");
  const { one, onClose } = props;

  async function handleSave(text: (name: string) => string, checked: (name: string) => boolean) {
    const secret = text("secret");
    await call("PUT", place(one?.name ?? text("name")), {
      address: text("address"),
      header: text("header") || "authorization",
      enabled: checked("enabled"),
      ...(secret === "" && one?.has_secret ? {} : { secret }),
    });
    await renew();
  }

  async function handleRemove() {
    if (!one) return;
    await call("DELETE", place(one.name));
    await renew();
  }

  return (
    <CardForm
      save={{ label: t("save"), done: t("saved") }}
      cancel={t("cancel")}
      remove={one && { label: t("delete"), done: t("deleted") }}
      onSave={handleSave}
      onRemove={handleRemove}
      onClose={onClose}
    >
      <div className="grid gap-4 sm:grid-cols-2">
        {one === undefined ? (
          <Field label={t("name")} hint={t("nameHint", { example: "shop__find_order" })}>
            {(field) => <input {...field} name="name" className="input" dir="ltr" maxLength={20} required />}
          </Field>
        ) : null}
        <Field label={t("address")} hint={t("addressHint")}>
          {(field) => (
            <input
              {...field}
              name="address"
              className="input font-mono"
              dir="ltr"
              type="url"
              placeholder="https://tools.example/mcp"
              defaultValue={one?.address}
              required
            />
          )}
        </Field>
        <Field label={t("header")} hint={t("headerHint")}>
          {(field) => (
            <input
              {...field}
              name="header"
              className="input font-mono"
              dir="ltr"
              defaultValue={one?.header ?? "authorization"}
            />
          )}
        </Field>
        <Field
          label={t("secret")}
          hint={t(one?.has_secret ? "secretKept" : props.keeps ? "secretHint" : "noSecrets")}
        >
          {(field) => (
            <input
              {...field}
              name="secret"
              className="input font-mono"
              dir="ltr"
              type="password"
              autoComplete="off"
            />
          )}
        </Field>
      </div>
      <label className="flex items-center gap-2">
        <input type="checkbox" name="enabled" defaultChecked={one?.enabled ?? true} />
        {t("enabled")}
      </label>
    </CardForm>
  );
}
