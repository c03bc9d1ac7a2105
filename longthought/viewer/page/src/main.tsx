import "./style/fonts.css";
import "./style/tokens.css";
import "./style/base.css";
import "./style/prose.css";
import "./style/debate.css";
import "./style/tree.css";
import "./style/table.css";
import "./style/compare.css";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { applyTheme } from "./theme";

applyTheme();
const page = document.getElementById("page");
if (page) createRoot(page).render(<App />);
