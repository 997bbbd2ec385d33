/** The size of the data that servers are measured with, and the names in it. */

export const USERS = 50_000;
export const ITEMS = 10_000;
export const EVENTS_PER_USER = 20;

export const userName = (index: number) => `user-${index}`;
export const itemName = (index: number) => `item-${index}`;
