// The widget: `w/chat.<hash>.js` with its languages beside it, then `widget.js`, the loader that knows
// that name. `WIDGET_CHAT` set means: build the loader.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const chat = process.env.WIDGET_CHAT;

export default defineConfig({
  publicDir: false,
  resolve: { alias: { "@": file("./src") } },
  define: chat === undefined ? {} : { __CHAT__: JSON.stringify(chat) },
  build: {
    target: ["chrome111", "firefox113", "safari16.4"],
    cssTarget: ["chrome123", "firefox121", "safari17.5"],
    emptyOutDir: false,
    modulePreload: false,
    assetsInlineLimit: 0,
    rolldownOptions:
      chat === undefined
        ? {
            input: file("./src/widget/chat.tsx"),
            preserveEntrySignatures: "strict",
            output: {
              format: "es",
              entryFileNames: "w/chat.[hash].js",
              chunkFileNames: "w/[name].[hash].js",
              assetFileNames: "w/[name].[hash][extname]",
            },
          }
        : {
            input: file("./src/widget/loader.ts"),
            output: { format: "iife", entryFileNames: "widget.js", codeSplitting: false },
          },
  },
});
