import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "@/kit/fonts";
import "./console.css";
import { queries } from "./api";
import { startTexts } from "./i18n";
import { mountAnnouncer } from "./lib/announce";
import { applyPrefs } from "./lib/prefs";
import { router } from "./router";

applyPrefs();
startTexts();
mountAnnouncer();

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  );
}
