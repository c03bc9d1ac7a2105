import { readFileSync } from "node:fs";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = process.env.LONGTHOUGHT_VIEWER ?? "http://127.0.0.1:8467";

export default defineConfig({
  plugins: [react(), woff2Only(), licences()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: "es2022",
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": server } },
  test: { include: ["src/**/*.test.ts"] },
});

/** Keep one format of KaTeX's fonts: every browser that runs this page reads woff2. */
function woff2Only() {
  return {
    name: "woff2-only",
    enforce: "pre" as const,
    transform(code: string, id: string) {
      if (!id.includes("katex") || !id.includes(".css")) return null;
      return code.replace(/,\s*url\([^)]*\.(?:woff|ttf)\)\s*format\(["'][a-z]+["']\)/g, "");
    },
  };
}

/** Write the licences of what is bundled beside it, as they ask for. */
function licences() {
  const bundled = [
    "react",
    "react-dom",
    "scheduler",
    "katex",
    "d3-hierarchy",
    "@tanstack/react-virtual",
    "@tanstack/virtual-core",
    "@fontsource-variable/inter",
    "@fontsource-variable/source-serif-4",
  ];
  return {
    name: "licences",
    apply: "build" as const,
    generateBundle(this: { emitFile: (file: { type: "asset"; fileName: string; source: string }) => void }) {
      const texts = bundled.map(
        (name) => `${name}\n\n${readFileSync(`node_modules/${name}/LICENSE`, "utf8").trim()}\n`,
      );
      this.emitFile({ type: "asset", fileName: "LICENSES.txt", source: texts.join(`\n${"-".repeat(80)}\n\n`) });
    },
  };
}
