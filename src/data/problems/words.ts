/** Words that problems are told with. */
export const NAMES = {
  en: ['Ann', 'Ben', 'Clara', 'David', 'Emma', 'Frank', 'Grace', 'Henry', 'Ida', 'Jack', 'Kate', 'Leo', 'Mia', 'Noah', 'Olga', 'Paul'],
  zh: ['小明', '小红', '小刚', '小丽', '小华', '小芳', '小军', '小燕', '阿强', '阿梅', '大伟', '大鹏'],
}; // biome-ignore format: one list a line

export const NOUNS = [
  'apple', 'bread', 'chair', 'cloud', 'dream', 'earth', 'field', 'glass', 'house', 'island', 'jacket', 'kitchen', 'lamp', 'moon',
  'night', 'ocean', 'paper', 'queen', 'river', 'stone', 'table', 'uncle', 'violin', 'water', 'xylophone', 'yard', 'zebra', 'bridge',
  'candle', 'desert', 'engine', 'forest', 'garden', 'hammer', 'iron', 'jungle', 'king', 'letter', 'mirror', 'number', 'orange', 'pencil',
]; // biome-ignore format: a list

export const THINGS = {
  en: ['apples', 'books', 'coins', 'eggs', 'flowers', 'marbles', 'pencils', 'stamps'],
  zh: ['个苹果', '本书', '枚硬币', '个鸡蛋', '朵花', '颗弹珠', '支铅笔', '张邮票'],
};

export const CITIES = {
  en: ['Paris', 'Rome', 'Berlin', 'Madrid', 'Vienna', 'Lisbon', 'Oslo', 'Athens'],
  zh: ['北京', '上海', '广州', '成都', '杭州', '西安', '南京', '武汉'],
};
