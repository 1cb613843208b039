// What the three demonstration businesses say on their sites. The facts are those of their knowledge
// folders, so that an answer of the chat and the page never disagree.

export type Line = { readonly what: string; readonly price: string; readonly note?: string };

export type Site = {
  readonly kind: "garage" | "restaurant" | "residence";
  readonly tagline: string;
  readonly headline: string;
  readonly lead: string;
  readonly call: { readonly label: string; readonly text: string };
  readonly phone: string;
  readonly address: readonly string[];
  readonly hours: readonly (readonly [string, string])[];
  readonly list: { readonly title: string; readonly lead: string; readonly lines: readonly Line[] };
  readonly cards: readonly { readonly title: string; readonly text: string; readonly ask: string }[];
};

export const sites: Readonly<Record<string, Site>> = {
  northgate: {
    kind: "garage",
    tagline: "Independent garage, Aldermere",
    headline: "Straight answers about your car.",
    lead: "Photos from the ramp, prices in writing, and no work that was not agreed. Six technicians beside the old goods yard.",
    call: { label: "Ask about a warning light", text: "An amber light came on. Can I still drive?" },
    phone: "0113 496 0140",
    address: ["14 Northgate Road, Aldermere", "The green gate opposite the bakery"],
    hours: [
      ["Monday to Friday", "08:00 – 18:00"],
      ["Saturday", "08:30 – 13:00"],
      ["Sunday", "Closed"],
    ],
    list: {
      title: "What it costs",
      lead: "Fitted, with parts, labour and VAT. A quote is free and holds for 30 days.",
      lines: [
        { what: "MOT, cars and light vans", price: "£48", note: "£35 with any service" },
        { what: "Interim service", price: "£159", note: "38-point check" },
        { what: "Full service", price: "£259", note: "62-point check" },
        { what: "Brake check", price: "£79", note: "taken off the repair" },
        { what: "Diagnostic check", price: "£65", note: "up to an hour" },
        { what: "Four-wheel alignment", price: "£55" },
        { what: "Puncture repair", price: "£28", note: "about 30 minutes" },
      ],
    },
    cards: [
      {
        title: "You see what we see",
        text: "After every service you get photos of the worn parts and a written list of what can wait.",
        ask: "What is included in a full service?",
      },
      {
        title: "Keep moving",
        text: "A courtesy car is free for any job over four hours. We also collect yours for £15 within 8 miles.",
        ask: "Can I have a courtesy car?",
      },
      {
        title: "Your warranty stays",
        text: "We follow the maker's schedule with parts of original quality, and stamp the book.",
        ask: "Does a service here keep my warranty?",
      },
    ],
  },
  harbour: {
    kind: "restaurant",
    tagline: "Seafood on the quay, Carrigmore",
    headline: "Five boats, one kitchen, the tide decides.",
    lead: "Fish and shellfish from the bay in the old ice house at the end of the quay. The menu changes every Wednesday with the catch.",
    call: { label: "Find a table", text: "Do you have a table for two this Friday evening?" },
    phone: "021 555 0140",
    address: ["3 Quay Street, Carrigmore", "The dark blue door that faces the water"],
    hours: [
      ["Lunch, Tuesday to Saturday", "12:30 – 15:00"],
      ["Dinner, Tuesday to Saturday", "18:00 – 22:00"],
      ["Sunday lunch", "12:30 – 16:30"],
      ["Monday", "Closed"],
    ],
    list: {
      title: "From the bay",
      lead: "Always on the menu, whatever the boats bring.",
      lines: [
        { what: "Seafood chowder, soda bread", price: "€13" },
        { what: "Six oysters, grown 900 metres from our door", price: "€19" },
        { what: "A dozen oysters", price: "€36" },
        { what: "Seafood platter for two", price: "€78", note: "order a day ahead" },
        { what: "Whole turbot for two", price: "€84", note: "when the boats bring it in" },
        { what: "Tasting menu, six courses", price: "€72", note: "dinner, Tuesday to Thursday" },
        { what: "Lunch, two courses", price: "€29", note: "three for €36" },
      ],
    },
    cards: [
      {
        title: "The Net Loft",
        text: "Our room under the roof, for up to 24, with its own balcony over the harbour.",
        ask: "How much is the private room for 18 people?",
      },
      {
        title: "No table? Six stools.",
        text: "Six seats at the kitchen counter are always kept for guests without a booking.",
        ask: "Do I need a booking on a Saturday?",
      },
      {
        title: "By boat",
        text: "Tie up at our pontoon free for three hours, up to 9 metres. Tell us the length when you book.",
        ask: "Can we come by boat? It is 8 metres long.",
      },
    ],
  },
  linden: {
    kind: "residence",
    tagline: "Oak and Ash, 64 flats and one front desk",
    headline: "The house that answers.",
    lead: "Everything residents need from Linden Court in one place: the desk, the caretaker, the laundry and the quiet hours.",
    call: { label: "Report a repair", text: "Something in my flat needs a repair." },
    phone: "0161 496 0120",
    address: ["Ground floor, Oak wing", "To the right of the main entrance"],
    hours: [
      ["Office, Monday to Friday", "08:30 – 17:00"],
      ["Thursday", "until 19:00"],
      ["Caretaker, Monday to Friday", "07:30 – 16:00"],
      ["Emergency line 0161 496 0199", "day and night"],
    ],
    list: {
      title: "On the board",
      lead: "What is asked most at the desk.",
      lines: [
        { what: "A wash in the laundry room", price: "£2.40", note: "07:00 – 22:00, Oak basement" },
        { what: "A dryer, 45 minutes", price: "£1.60" },
        { what: "The guest flat, two people, a night", price: "£55", note: "linen and towels included" },
        { what: "The common room, an evening", price: "£25", note: "with a kitchen, for 30 people" },
        { what: "A parking space, inside or out", price: "£75 / £45", note: "a month" },
        { what: "A vegetable bed, a year", price: "£12" },
        { what: "A new lock for a letter box", price: "£28" },
      ],
    },
    cards: [
      {
        title: "Parcels",
        text: "Kept ten days at the desk. Outside its hours couriers use the lockers, and you get a code.",
        ask: "I am away for two weeks. Can you keep my parcels?",
      },
      {
        title: "Bins this week",
        text: "General waste on Monday and Thursday, glass and cans on Wednesday, large things on the month's last Friday.",
        ask: "How do I get rid of a mattress?",
      },
      {
        title: "Warmth",
        text: "The heating runs from 06:00 to 22:30 from October to April. Cold radiator? Pat bleeds it free.",
        ask: "My radiator is cold. What can I do?",
      },
    ],
  },
};
