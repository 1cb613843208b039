import { useRouter } from "@tanstack/react-router";

/**
 * Tells whether this page is still where the person wants to be. A page asks before it opens something by itself:
 * who is on the way elsewhere, whose page may still be loading, must not be taken back.
 */
export function useIsHere(to: "/approvals/{-$id}" | "/inbox/{-$id}", id: string | undefined): () => boolean {
  const router = useRouter();
  return () => router.latestLocation.pathname === router.buildLocation({ to, params: { id } }).pathname;
}
