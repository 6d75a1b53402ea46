/** Chinese for the commands that use a model: generate, chat, classify, score. By the English text. */
export const generationTexts: Readonly<Record<string, string>> = {
  'continue a text, or answer it (translate, summarise) with an encoder–decoder':
    '续写文本；编码器–解码器模型则给出回答（翻译、摘要）',
  'text to continue; repeated, the prompts make a batch': '要续写的文本；重复给出时组成一批',
  'read the prompt from a file; - is standard input': '从文件读取提示；- 为标准输入',
  'image to describe, by a model that writes about images; may be repeated': '要描述的图像，用于看图写作的模型；可重复',
  'most tokens to generate (default: 200)': '最多生成的词元数（默认：200）',
  'always take the most probable token (default for an encoder–decoder)':
    '总取最可能的词元（编码器–解码器模型的默认方式）',
  'sampling temperature: below 1 more predictable, above 1 more random (default: 0.8)':
    '采样温度：低于 1 更确定，高于 1 更随机（默认：0.8）',
  'draw from the k most probable tokens (default: 50)': '只从最可能的 k 个词元中采样（默认：50）',
  'draw from the most probable tokens that make up p': '只从累计概率达到 p 的最可能的词元中采样',
  'drop tokens below p times the best one': '去掉概率低于最高者 p 倍的词元',
  'locally typical sampling': '局部典型采样',
  'repetition penalty; above 1: avoid tokens of the text so far': '重复惩罚；大于 1 时避免文中已有的词元',
  'presence penalty: subtract from tokens that were generated': '存在惩罚：压低已生成过的词元',
  'frequency penalty: subtract for each time a token was generated': '频率惩罚：每生成一次就压低一次',
  'never repeat an n-gram of this length': '不重复此长度的 n-gram',
  'search for probable texts, n at once': '束搜索，同时保留 n 条',
  'texts for each prompt': '每条提示生成的文本数',
  'of beam search: above 0 favours long texts (default: 1)': '束搜索的长度惩罚：大于 0 偏好长文本（默认：1）',
  'of beam search: stop when there are enough texts, or only when none could be better':
    '束搜索何时停止：文本足够时，或确定不会更好时',
  "speculative decoding with a smaller model of the same vocabulary, or with the model's own heads (MODEL/multi-token)":
    '推测解码，用词表相同的小模型，或模型自己的多词元头（MODEL/multi-token）',
  'prompt-lookup decoding with n draft tokens: the same text, often faster':
    '提示查找解码，每次 n 个草稿词元：文本相同，往往更快',
  'contrastive search: avoid states like those before, 0 to 1 (0.6, with --top-k 4)':
    '对比搜索：避免与此前相似的状态，0 到 1（0.6，配合 --top-k 4）',
  'end before this text; may be repeated': '遇到此文本即停止；可重复',
  'write JSON that follows the schema of a file': '生成符合文件中 JSON Schema 的 JSON',
  'write what the pattern matches as a whole': '生成整体匹配此正则表达式的文本',
  "write what follows a grammar in llama.cpp's notation, GBNF": '生成符合语法的文本，采用 llama.cpp 的 GBNF 记法',
  'seed of the draws (default: another one each time, which is printed)': '采样的随机种子（默认：每次不同，并会输出）',
  'adapter of the model to put on: its folder, or that of a run': '要加载的适配器：其目录，或训练目录',
  'print prompts, texts and reasons to stop as JSON': '以 JSON 输出提示、文本和停止原因',
  'chat with a model in the terminal': '在终端中与模型对话',
  'folder of a model with a chat template, or its name on the hub': '带聊天模板的模型目录，或其在 Hub 上的名称',
  'system prompt': '系统提示',
  '0: always the most probable token': '0：总取最可能的词元',
  'draw from the most probable tokens that make up so much': '只从累计概率达到此值的最可能的词元中采样',
  'the same seed, the same answers': '种子相同，回答相同',
  'an adapter over the model': '加载在模型之上的适配器',
  'classify images or texts': '对图像或文本分类',
  'files of images, or data: URLs': '图像文件，或 data: 网址',
  'a text, for a model that reads text; may be repeated': '一段文本，用于读取文本的模型；可重复',
  'show the k most probable labels (default: 5)': '显示最可能的 k 个标签（默认：5）',
  'count how often the label of rows of images is found; may be repeated': '统计图像数据的标签判对多少；可重复',
  'what a column is called in the files of --data; may be repeated': '--data 文件中列的叫法；可重复',
  'leave rows of --data out that cannot be read, and count them': '跳过 --data 中无法读取的行，并计数',
  'log-probability of a text, token by token': '逐词元给出文本的对数概率',
  'text to score; may be repeated': '要计分的文本；可重复',
  'score the text of a file; - is standard input': '对文件中的文本计分；- 为标准输入',
  'what an encoder–decoder answers with the text; as often as --text':
    '编码器–解码器模型对文本的回答；次数与 --text 相同',
  'show the k most probable tokens at each position': '显示每个位置最可能的 k 个词元',
  'over long texts, how far the window moves on (default: half the context)':
    '文本较长时窗口移动的步长（默认：半个上下文）',
  'each token given all others: of a decoder that was trained by masked-next-token':
    '以其余所有词元为条件给每个词元计分：用于以掩码下一词元训练的解码器',
  'print total, tokens, perplexity and bits per byte as JSON': '以 JSON 输出总和、词元、困惑度和每字节比特数',
};
