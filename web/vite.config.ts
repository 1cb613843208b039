// The pages served by the hub: console, portal and the demo sites. The widget is built by
// vite.widget.config.ts, because it must be two files that any page can load.
import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const hub = process.env.CONCIERGE_URL ?? "http://127.0.0.1:8080";
const page = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export default defineConfig({
  plugins: [react({ include: /src\/(console|kit)\/.*\.tsx$/ }), tailwindcss()],
  resolve: { alias: { "@": page("./src") } },
  build: {
    target: ["chrome123", "firefox121", "safari17.5"],
    assetsInlineLimit: 0,
    manifest: true,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: [page("console.html"), page("portal.html"), page("demo.html")] },
  },
  server: {
    proxy: {
      "/v1": { target: hub, ws: true, changeOrigin: true },
      "/widget.js": hub,
      "/w": hub,
    },
  },
});
