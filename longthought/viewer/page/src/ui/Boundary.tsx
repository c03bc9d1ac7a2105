/** Keeps the page alive if a view fails, and says so. */
import { Component, type ReactNode } from "react";
import { Notice } from "./Notice";

export class Boundary extends Component<{ children: ReactNode }, { message: string | null }> {
  override state = { message: null };

  static getDerivedStateFromError(error: unknown): { message: string } {
    return { message: error instanceof Error ? error.message : String(error) };
  }

  override render(): ReactNode {
    if (this.state.message === null) return this.props.children;
    return (
      <Notice title="This view failed.">
        <p>
          <code>{this.state.message}</code>
        </p>
        <p>That is a defect of longthought; please report it. The other views still work.</p>
      </Notice>
    );
  }
}
