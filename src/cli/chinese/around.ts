/** Chinese for what stands around the texts of commands: headings, what commander says itself, paragraphs after the options. */

export const headingTexts: Readonly<Record<string, string>> = {
  'Usage:': '用法:', // a space follows
  'Arguments:': '参数：',
  'Options:': '选项：',
  'Global Options:': '全局选项：',
  'Commands:': '命令：',
  'Example:': '示例：',
  'Examples:': '示例：',
  'In the conversation:': '对话中可用：',
  'Tokenizer:': '分词器：',
  'Reading:': '读取：',
  'Splits:': '划分：',
  'Cleaning:': '清洗：',
  'Preprocessing, in this order:': '预处理（按此顺序）：',
  'Deduplication:': '去重：',
  'Work:': '运行：',
  'EDA:': 'EDA：',
  'Back-translation:': '回译：',
};

/** Of the option and the command that show help. */
export const HELP = '显示帮助';

/** Paragraphs, line by line as they are printed. */
export const paragraphTexts: Readonly<Record<string, string>> = {
  [`Without --include, what a model folder needs from the top of the repository: configuration, tokenizer and templates
(*.json *.jinja *.model *.spm *.tiktoken merges.txt vocab.txt vocab.bpe dict.txt), and model.safetensors or
its shards; where there is none, pytorch_model.bin or its shards. Never weights of TensorFlow, Flax, ONNX or GGUF.

Patterns are matched with whole paths; * crosses slashes, and 'onnx/' means all in that folder.`]: `不用 --include 时，从仓库顶层下载模型目录所需的文件：配置、分词器和模板
（*.json *.jinja *.model *.spm *.tiktoken merges.txt vocab.txt vocab.bpe dict.txt），以及 model.safetensors 或其分片；
没有时则为 pytorch_model.bin 或其分片。不下载 TensorFlow、Flax、ONNX 或 GGUF 的权重。

模式与完整路径匹配；* 可跨越斜杠，'onnx/' 表示该目录中的全部文件。`,
  [`The cache is the one that Hugging Face's tools share. Their variables are heeded: HF_HOME, HF_HUB_CACHE, HF_TOKEN (or the
token that their login left), HF_ENDPOINT, HF_HUB_OFFLINE, HF_HUB_DOWNLOAD_TIMEOUT. What an interruption leaves is kept,
and the same command goes on from there. Every file is checked with the hash that the hub states.`]: `缓存与 Hugging Face 的工具共用，并遵循其环境变量：HF_HOME、HF_HUB_CACHE、HF_TOKEN（或登录时保存的令牌）、
HF_ENDPOINT、HF_HUB_OFFLINE、HF_HUB_DOWNLOAD_TIMEOUT。中断后已下载的部分会保留，再次运行同一命令即可继续。
每个文件都用 Hub 给出的哈希校验。`,
  'Without the data only the files are checked. The exit code is 0 only if everything is right.':
    '没有数据时只检查文件。全部正确时退出码才为 0。',
  'Pairs and questions with unknown words are left out, and counted.': '含未知词的词对和问题会被略去并计数。',
  'The exit code is 0 only if everything agrees.': '全部一致时退出码才为 0。',
  [`Without options: the folder that TSLM_LIBTORCH names, what was chosen the last time, the torch that python3 imports, the
system's; on Debian and Ubuntu, as root or with sudo, libtorch-dev is installed where there is none.`]: `不带选项时依次尝试：TSLM_LIBTORCH 指定的目录、上次的选择、python3 所导入的 torch、系统自带的 libtorch；
在 Debian 和 Ubuntu 上，以 root 或 sudo 运行且都没有时，会安装 libtorch-dev。`,
  '  /help             this list': '  /help             显示此列表',
  '  /system TEXT      what the model is told first; without a text: nothing any more':
    '  /system TEXT      系统提示；不带文本则取消',
  '  /undo             take back the last question and its answer': '  /undo             撤回上一个问题及其回答',
  '  /retry            another answer to the last question': '  /retry            重新回答上一个问题',
  '  /clear            begin anew': '  /clear            重新开始',
  '  /save FILE        write the conversation as JSON': '  /save FILE        把对话写成 JSON',
  '  /set KEY VALUE    temperature, topP, maxTokens or seed':
    '  /set KEY VALUE    temperature、topP、maxTokens 或 seed',
  '  /quit             leave, as Ctrl-D does': '  /quit             退出，与 Ctrl-D 相同',
  '  A line that ends with \\ goes on in the next; """ begins and ends a text of many lines. Ctrl-C ends an answer.':
    '  行末的 \\ 表示下一行继续；""" 用于多行文本的开头和结尾。Ctrl-C 中止回答。',
};
