/** @jsxImportSource preact */
// The pictures of the demo sites, drawn in SVG and moved by CSS.
import type { JSX } from "preact";

export function GarageArt(): JSX.Element {
  const ticks = Array.from({ length: 25 }, (_, at) => -130 + (at * 260) / 24);
  const dial = (x: number, label: string, numbers: readonly string[], hot: number) => (
    <g transform={`translate(${x} 168)`}>
      <circle r="118" class="bezel" />
      <circle r="110" class="face" />
      {ticks.map((angle, at) => (
        <line
          key={angle}
          y1={at % 4 === 0 ? -84 : -92}
          y2="-100"
          transform={`rotate(${angle})`}
          class={at >= hot ? "tick hot" : at % 4 === 0 ? "tick big" : "tick"}
        />
      ))}
      {numbers.map((text, at) => {
        const angle = ((-130 + (at * 260) / (numbers.length - 1) - 90) * Math.PI) / 180;
        return (
          <text key={text} x={Math.cos(angle) * 68} y={Math.sin(angle) * 68 + 5} class="number">
            {text}
          </text>
        );
      })}
      <text y="56" class="unit">
        {label}
      </text>
    </g>
  );
  return (
    <svg
      class="art garage"
      viewBox="0 0 640 400"
      role="img"
      aria-label="A dashboard on which the brake pad light is on"
    >
      <defs>
        <linearGradient id="dash" x1="0" y1="0" x2="0" y2="1">
          <stop offset="0" stop-color="#17211d" />
          <stop offset="1" stop-color="#0a100d" />
        </linearGradient>
        <radialGradient id="glow">
          <stop offset="0" stop-color="#f2a93b" stop-opacity=".55" />
          <stop offset="1" stop-color="#f2a93b" stop-opacity="0" />
        </radialGradient>
      </defs>
      <rect width="640" height="400" rx="28" fill="url(#dash)" />
      <path d="M0 96Q320 8 640 96" class="rim" />
      {dial(172, "rpm × 1000", ["0", "1", "2", "3", "4", "5", "6"], 20)}
      {dial(468, "mph", ["0", "20", "40", "60", "80", "100", "120"], 99)}
      <g transform="translate(172 168)">
        <path d="M-4 16 0-86 4 16z" class="needle rev" />
        <circle r="13" class="hub" />
      </g>
      <g transform="translate(468 168)">
        <path d="M-4 16 0-86 4 16z" class="needle speed" />
        <circle r="13" class="hub" />
      </g>
      <g transform="translate(320 176)" class="lamp">
        <circle r="62" fill="url(#glow)" class="halo" />
        <circle r="19" class="wire" />
        <circle r="8" class="wire" />
        <path d="M-27-18a33 33 0 0 0 0 36M27-18a33 33 0 0 1 0 36" class="wire dashed" />
      </g>
      <g transform="translate(320 336)">
        <rect x="-118" y="-27" width="236" height="54" rx="10" class="lcd" />
        <text y="-4" class="lcd-small">
          BRAKE PADS
        </text>
        <text y="17" class="lcd-big">
          081 964 mi
        </text>
      </g>
    </svg>
  );
}

export function HarbourArt(): JSX.Element {
  const wave = (y: number, height: number) => {
    let path = `M-160 ${y}`;
    for (let x = -160; x < 960; x += 80) path += `q20 ${-height} 40 0t40 0`;
    return `${path}V560H-160z`;
  };
  return (
    <svg
      class="art harbour"
      viewBox="0 0 800 478"
      preserveAspectRatio="xMidYMax slice"
      role="img"
      aria-label="A quay at dusk with a fishing boat"
    >
      <defs>
        <linearGradient id="dusk" x1="0" y1="0" x2="0" y2="1">
          <stop offset="0" stop-color="#123a57" />
          <stop offset=".48" stop-color="#4d7f96" />
          <stop offset=".74" stop-color="#e7b48a" />
          <stop offset="1" stop-color="#f6d9b4" />
        </linearGradient>
      </defs>
      <rect width="800" height="520" fill="url(#dusk)" />
      <circle cx="470" cy="322" r="58" fill="#ffe7c2" />
      <path d="M0 330q90-46 180-22t170-14 190 18 260-28v90H0z" fill="#3d6378" opacity=".75" />
      <g transform="translate(560 196)">
        <path d="M0 150V62l74-48 74 48v88z" fill="#f3ead9" />
        <path d="M-8 66 74 10l82 56-6 8-76-50L-2 74z" fill="#1d3647" />
        <path d="M148 150V84h86v66z" fill="#e2d5bd" />
        <path d="M142 86h98v-10h-98z" fill="#1d3647" />
        <path d="M60 150v-44a14 14 0 0 1 28 0v44z" fill="#1d4f73" />
        <g fill="#ffcf87" class="windows">
          <path d="M16 84h22v26H16zM110 84h22v26h-22zM62 46h24v22H62zM164 100h18v22h-18zM200 100h18v22h-18z" />
        </g>
        <path d="M-60 150h420v34H-60z" fill="#5b5148" />
        <path d="M-60 150h420v6H-60z" fill="#7b6d5e" />
        <path d="M300 156v64M340 156v64M-20 156v64M40 156v64" stroke="#463d36" stroke-width="10" />
      </g>
      <path d={wave(372, 9)} fill="#2f6a86" class="wave far" />
      <g transform="translate(-124 0)">
        <g class="boat">
          <path d="M430 348h176l-26 40H462z" fill="#b3452f" />
          <path d="M426 342h184l-4 10H430z" fill="#f3ead9" />
          <path d="M520 342v-44h44l10 44z" fill="#f7f1e5" />
          <path d="M530 308h12v14h-12zM548 308h12v14h-12z" fill="#1d4f73" />
          <path
            d="M496 342V206M496 214l-44 100M496 214l60 86"
            stroke="#26323a"
            stroke-width="3.5"
            fill="none"
          />
          <path d="M496 206h30l-8 8 8 8h-30z" fill="#e9a23b" />
        </g>
      </g>
      <path d={wave(398, 12)} fill="#1d4f73" class="wave mid" />
      <path d={wave(440, 14)} fill="#123a57" class="wave near" />
      <g stroke="#26323a" stroke-width="2.5" fill="none" class="gulls">
        <path d="M420 150q10-12 20 0q10-12 20 0" />
        <path d="M610 92q8-10 16 0q8-10 16 0" />
        <path d="M250 128q8-10 16 0q8-10 16 0" />
      </g>
    </svg>
  );
}

/** Each wing has 32 flats: five floors of six, and two beside its door. */
export function LindenArt(): JSX.Element {
  const lit = (wing: number, at: number) => (at * 7 + wing * 5 + ((at * at) % 11)) % 4 === 0;
  const wing = (x: number, which: number) => (
    <g transform={`translate(${x} 0)`}>
      <path d="M0 96h252v344H0z" class={which === 0 ? "brick oak" : "brick ash"} />
      <path d="M-8 84h268v16H-8z" class="cornice" />
      {Array.from({ length: 30 }, (_, at) => {
        const column = at % 6;
        const row = Math.floor(at / 6);
        const left = 16 + column * 38.5;
        const top = 116 + row * 54;
        return (
          <g key={at} transform={`translate(${left} ${top})`}>
            <rect width="27" height="34" rx="2" class={lit(which, at) ? `pane lit l${at % 5}` : "pane"} />
            <path d="M13.5 0v34M0 14h27" class="bar" />
            {(column === 1 || column === 4) && <path d="M-5 32h37v9h-37z" class="balcony" />}
          </g>
        );
      })}
      <rect x="20" y="390" width="44" height="38" rx="2" class="pane lit" />
      <rect x="188" y="390" width="44" height="38" rx="2" class="pane" />
      <path d="M98 440v-46a10 10 0 0 1 10-10h36a10 10 0 0 1 10 10v46z" class="door" />
      <path d="M86 380h80v8H86z" class="cornice" />
      <text x="126" y="374" class="sign">
        {which === 0 ? "OAK" : "ASH"}
      </text>
    </g>
  );
  const tree = (x: number, size: number) => (
    <g transform={`translate(${x} 440) scale(${size})`} class="tree">
      <path d="M-5 0q3-40 0-92h10q-2 52 1 92z" class="trunk" />
      <g class="crown">
        <path
          d="M0-186c44 0 66 34 58 66c18 22-4 56-32 52c-14 16-40 16-52 0c-30 6-52-28-32-52c-8-34 16-66 58-66z"
          class="leaf"
        />
        <path d="M-30-136q14-14 30-4M6-98q18-4 24-20M-24-90q8 6 18 4" class="vein" />
      </g>
    </g>
  );
  return (
    <svg
      class="art linden"
      viewBox="0 0 720 500"
      role="img"
      aria-label="Two brick wings with lit windows and linden trees"
    >
      <circle cx="600" cy="74" r="34" class="moon" />
      {wing(66, 0)}
      {wing(402, 1)}
      <path d="M318 200h84v240h-84z" class="link" />
      <path d="M326 214h68v56h-68zM326 284h68v56h-68zM326 354h68v86h-68z" class="pane lit" />
      <path d="M0 440h720v60H0z" class="lawn" />
      <path d="M170 440h42l34 60H120zM508 440h42l50 60H474zM340 440h40l30 60h-100z" class="path" />
      {tree(36, 1.1)}
      {tree(360, 0.62)}
      {tree(690, 1.2)}
    </svg>
  );
}

/** For a business without a site of its own here: its bell, large. */
export function BellArt(): JSX.Element {
  return (
    <svg class="art bell" viewBox="0 0 640 440" role="img" aria-label="A desk bell">
      <rect width="640" height="440" rx="28" class="wall" />
      <path d="M0 338h640v74a28 28 0 0 1-28 28H28a28 28 0 0 1-28-28z" class="desk" />
      <path d="M178 316a142 142 0 0 1 284 0z" class="dome" />
      <path d="M214 300a108 108 0 0 1 66-84" class="shine" />
      <rect x="160" y="322" width="320" height="26" rx="13" class="base" />
      <circle cx="320" cy="158" r="17" class="knob" />
      <path
        d="M150 190q-22 60-6 112M490 190q22 60 6 112M116 160q-34 86-10 166M524 160q34 86 10 166"
        class="ring"
      />
    </svg>
  );
}
