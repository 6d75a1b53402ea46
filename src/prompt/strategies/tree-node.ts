/** What searches over thoughts show of them. */

/** A thought of a search over thoughts; the first ones have no parent. */
export interface TreeNode {
  id: number;
  parent: number | null;
  thought: string;
  value: number;
  visits?: number;
}
