/** What is said only once there was a line. */
export const enLine = {
  typing: "{name} is typing",
  says: "{name} replied: {text}",
  lost: "The chat was closed from our side. Reload the page to go on.",
};
