/** What the file picker offers; the hub looks at the content itself. */
export const ACCEPT = ".pdf,.docx,.html,.htm,.md,.markdown,.txt,.csv,.tsv";
