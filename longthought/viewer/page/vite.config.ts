import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = process.env.LONGTHOUGHT_VIEWER ?? "http://127.0.0.1:8642";

export default defineConfig({
  plugins: [react(), woff2Only()],
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
