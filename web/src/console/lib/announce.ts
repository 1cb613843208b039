/** One polite voice for the whole console: says a finished message once, never a token. */
let region: HTMLElement | null = null;
let last = "";

export function mountAnnouncer(): void {
  if (region) return;
  region = document.createElement("div");
  region.setAttribute("role", "status");
  region.setAttribute("aria-live", "polite");
  region.className = "sr-only";
  document.body.append(region);
}

export function announce(text: string): void {
  if (!region) return;
  region.textContent = text === last ? `${text}\u00a0` : text;
  last = region.textContent;
}
