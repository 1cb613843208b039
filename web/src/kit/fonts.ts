// The typefaces of console, portal and demo pages; the widget uses the host page's system font.
import "@fontsource-variable/hanken-grotesk/index.css";
import "@fontsource-variable/geist-mono/index.css";
import "@fontsource-variable/noto-sans-arabic/index.css";
