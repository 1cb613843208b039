import { api, queries } from "../api";
import { closeLine } from "./live";

export async function signOut(): Promise<void> {
  await api.signOut().catch(() => {});
  closeLine();
  queries.clear();
  location.assign("/app");
}
