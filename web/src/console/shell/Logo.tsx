export function Logo({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" className="flex-none">
      <path d="M3 17.2a9 9 0 0 1 18 0z" fill="var(--green)" />
      <rect x="2" y="18.6" width="20" height="2.6" rx="1.3" fill="var(--ink)" />
      <circle cx="12" cy="5.4" r="2" fill="var(--ink)" />
    </svg>
  );
}
