/** The texts of the set-up; they come with its screens. */
import i18next from "i18next";

export const setup = {
  welcome: "Create your desk",
  welcomeText: "You become its owner. Everything here can be changed later.",
  codeMissing:
    "This hub has no business yet. Open the link that it printed in its terminal, or paste the code at its end.",
  code: "Code from the terminal",
  codeWrong: "That is not the code. It stands at the end of the link that the hub printed at its start.",
  late: "Somebody set this hub up in the meantime. Sign in instead.",
  toSignIn: "Go to the sign-in",
  business: "Name of the business",
  businessHint: "Customers see it at the top of the chat.",
  you: "Your name",
  email: "Your e-mail",
  password: "Password",
  passwordHint: "At least 8 characters. A few words are better than one.",
  place: "Country",
  clock: "Time zone",
  currency: "Currency",
  region: "{{clock}}, {{currency}}",
  regionChange: "Change",
  create: "Create the desk",
  creating: "Creating",

  title: "Set up your desk",
  lead: "Six short steps, about three minutes. Leave any of them for later.",
  progress: "{{done}} done, {{skipped}} left for later, {{open}} to come",
  stepOf: "Step {{n}} of {{of}}",
  state: { done: "done", skipped: "left for later", open: "to come" },
  save: "Save and go on",
  saving: "Saving",
  next: "Go on",
  skip: "Leave for later",
  leave: "Leave the set-up",
  steps: {
    business: "Name and hours",
    agent: "Who drafts",
    knowledge: "First article",
    widget: "Widget",
    team: "Colleagues",
    trial: "Try it",
  },
  hoursText: "Outside these hours the chat says when somebody answers.",
  hoursDefault: "Without hours, you count as always there.",

  agentText:
    "Each comes with its way of writing, the facts it asks for, the states of a conversation and a first rule. Nothing it writes goes out before one of you approves it.",
  agentList: "Agents",
  agentFacts: "Customers ask about",
  agentKeeps: "Choosing another one takes its words and its record.",
  chosen: "chosen",

  articleText: "Drafts are written from what stands here, and cite it. One good page is enough to begin.",
  articleTitle: "Title",
  articleBody: "Text",
  articleBodyHint: "Write as you would explain it to a new colleague. Prices and times may stand in it.",
  articleHours: "Opening hours",
  articleAlways: "We can be reached at any time.",
  articleOpen: "{{business}} is open {{hours}}.",
  articleBlock: "{{days}} from {{from}} to {{to}}",
  articleNext: "Worth writing next, because customers ask for it: {{asks}}.",
  orUpload: "or take what you have:",
  upload: "Upload documents",
  uploaded_one: "{{count}} document is in your knowledge.",
  uploaded_other: "{{count}} documents are in your knowledge.",

  widgetText: "This is how customers see you.",
  snippet: "Put this line before </body> of every page, now or later",

  teamText: "Add who answers with you. They can sign in at once with the password you give them.",
  teamNow_one: "{{count}} person can sign in.",
  teamNow_other: "{{count}} people can sign in.",
  teamAdd: "Add a colleague",

  trialText: "Ask something as a customer would. The draft comes within seconds, and waits for you.",
  trialQuestion: "What a customer asks",
  trialAsk: "Ask it",
  trialAsking: "Asking",
  trialWaits: "The draft is being written. You find it under Approvals.",
  trialReady: "The draft waits for you.",
  trialOpen: "Read and approve it",
  trialPortal: "Or write in the chat itself",

  done: "Your desk is ready",
  doneText: "What you left for later is in the settings and in the knowledge.",
  toApprovals: "Go to approvals",
} as const;

/** Makes these texts known; screens of the set-up call it when they are loaded. */
export function addSetupTexts(): void {
  if (!i18next.hasResourceBundle("en", "setup")) i18next.addResourceBundle("en", "setup", setup);
}
