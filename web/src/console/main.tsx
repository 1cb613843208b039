import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "@/kit/fonts";
import "./console.css";

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <main className="grid h-dvh place-items-center bg-paper text-ink2">Concierge</main>
    </StrictMode>,
  );
}
