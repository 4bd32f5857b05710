/** Millrace's mark: a wheel in running water. */
export function Mark({ size = 20 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" fill="none" stroke="var(--accent)" aria-hidden>
      <circle cx="16" cy="13.5" r="9" strokeWidth="2.6" />
      <path d="M16 4.5v18M7 13.5h18M9.6 7.1l12.8 12.8M22.4 7.1 9.6 19.9" strokeWidth="1.8" />
      <path
        d="M2 28c3.5 0 3.5-2.4 7-2.4s3.5 2.4 7 2.4 3.5-2.4 7-2.4 3.5 2.4 7 2.4"
        strokeWidth="2.6"
        strokeLinecap="round"
      />
    </svg>
  );
}
