// Records a voice message and measures its loudness while it lasts.

/** AAC first: it plays everywhere, while WebM from some browsers does not. */
const TYPES = ["audio/mp4;codecs=mp4a.40.2", "audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"];
const LONGEST = 180_000;
const LEVEL_EVERY = 80;

export type Recording = { readonly file: File; readonly ms: number };

export type Recorder = {
  /** What the file will be called. */
  readonly name: string;
  readonly stop: () => void;
  readonly cancel: () => void;
};

export type Hear = {
  /** Loudness from 0 to 1, and how long it has been. */
  readonly level: (level: number, ms: number) => void;
  /** What was recorded in the last second; all of them are the recording. */
  readonly piece: (piece: Blob) => void;
  readonly done: (recording: Recording) => void;
};

/** Rejects with a `DOMException` when there is no microphone or it is forbidden. */
export async function record(hear: Hear): Promise<Recorder> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
  const recorder = new MediaRecorder(stream, mimeType === undefined ? {} : { mimeType });
  const pieces: Blob[] = [];
  const type = (recorder.mimeType || mimeType || "audio/webm").split(";")[0] ?? "";
  const name = `voice.${type === "audio/mp4" ? "m4a" : type.slice(6)}`;
  const began = performance.now();
  let cancelled = false;

  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const meter = setInterval(() => {
    const ms = performance.now() - began;
    analyser.getFloatTimeDomainData(samples);
    hear.level(loudness(samples), ms);
    if (ms > LONGEST) recorder.stop();
  }, LEVEL_EVERY);

  recorder.ondataavailable = ({ data }) => {
    pieces.push(data);
    if (!cancelled) hear.piece(data);
  };
  recorder.onstop = () => {
    clearInterval(meter);
    for (const track of stream.getTracks()) track.stop();
    void context.close();
    if (cancelled) return;
    hear.done({ file: new File(pieces, name, { type: recorder.mimeType }), ms: performance.now() - began });
  };
  recorder.start(1_000);

  return {
    name,
    stop: () => recorder.state === "recording" && recorder.stop(),
    cancel: () => {
      cancelled = true;
      if (recorder.state === "recording") recorder.stop();
    },
  };
}

/** Root mean square, lifted so that speech fills the scale. */
export function loudness(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return Math.min(1, Math.sqrt(sum / samples.length) * 5);
}

/** The loudness of a finished recording in `count` steps. */
export async function peaks(blob: Blob, count: number): Promise<{ levels: number[]; seconds: number }> {
  const context = new AudioContext();
  try {
    const audio = await context.decodeAudioData(await blob.arrayBuffer());
    const samples = audio.getChannelData(0);
    const step = Math.max(1, Math.floor(samples.length / count));
    const levels = Array.from({ length: count }, (_, at) =>
      loudness(samples.subarray(at * step, (at + 1) * step)),
    );
    return { levels, seconds: audio.duration };
  } finally {
    void context.close();
  }
}
