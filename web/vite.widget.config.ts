// The widget: `w/chat.<hash>.js` with its languages beside it, then `widget.js`, the loader that knows
// that name. `WIDGET_CHAT` set means: build the loader.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const chat = process.env.WIDGET_CHAT;

export default defineConfig({
  publicDir: false,
  resolve: { alias: { "@": file("./src"), "preact/jsx-runtime": file("./src/widget/jsx.ts") } },
  define: chat === undefined ? {} : { __CHAT__: JSON.stringify(chat) },
  build: {
    target: ["chrome111", "firefox113", "safari16.4"],
    cssTarget: ["chrome123", "firefox121", "safari17.5"],
    emptyOutDir: false,
    // A library build leaves out Vite's own loading code; it must be asked to be small.
    lib:
      chat === undefined
        ? { entry: file("./src/widget/chat.tsx"), formats: ["es"] }
        : { entry: file("./src/widget/loader.ts"), formats: ["iife"], name: "conciergeLoader" },
    rolldownOptions: {
      // What the lazy parts share with the chat stays in the chat's own file.
      preserveEntrySignatures: "allow-extension",
      output:
        chat === undefined
          ? {
              minify: true,
              comments: false,
              entryFileNames: "w/chat.[hash].js",
              chunkFileNames: "w/[name].[hash].js",
            }
          : { minify: true, comments: false, entryFileNames: "widget.js" },
    },
  },
});
