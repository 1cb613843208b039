/** What the question at the end says; comes with its code. */
export const enRating = {
  rate: "How was this for you?",
  rate1: "Very bad",
  rate2: "Bad",
  rate3: "All right",
  rate4: "Good",
  rate5: "Very good",
  rateMore: "Anything you would like to add?",
  rateSkip: "Not now",
  rateThanks: "Thank you. The team can see it.",
  rateLater: "Kept; it goes out when the line is back.",
  rateFailed: "This could not be rated any more.",
};
