import { Lost } from "./link.ts";
import { Problem, type ProblemBody } from "./rest.ts";

/** Uploads a file at once and tells how far it is, from 0 to 1. `fetch` cannot do that. */
export function uploadTo<T>(
  address: string,
  token: string | undefined,
  file: Blob,
  name: string,
  progress: (done: number) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    if (token !== undefined) request.setRequestHeader("authorization", `Bearer ${token}`);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => progress(total > 0 ? loaded / total : 0);
    request.onerror = request.ontimeout = () => reject(new Lost());
    request.onload = () => {
      const answer: unknown = request.response;
      if (request.status >= 200 && request.status < 300) resolve(answer as T);
      else if (typeof answer === "object" && answer !== null && "code" in answer)
        reject(new Problem(answer as ProblemBody));
      else if (request.status === 413)
        reject(new Problem({ title: "the file is too large", status: 413, code: "too_large" }));
      else reject(new Lost());
    };
    const form = new FormData();
    form.append("file", file, name);
    request.send(form);
  });
}
